"""The Train page asks what the unlabelled pictures of a stream show."""

import made_runs
import numpy as np
from PIL import Image
from ui_pages import opened

from fruitlab.app.train_page import unlabelled
from fruitlab.data.stream import Stream, folder_of


def test_the_likeliest_categories_are_buttons(tmp_path):
    made_runs.run("one")
    roots = {domain: tmp_path / domain for domain in ("nice", "real")}
    for root in roots.values():
        root.mkdir()
    stream = Stream(folder_of("shop"))
    with stream.opened(kept=2):
        stream.watch(roots, "one")
    for place in (roots["real"] / "new.png", roots["real"] / "other.png"):
        noise = np.random.default_rng(len(place.name)).integers(0, 256, (30, 30, 3), np.uint8)
        Image.fromarray(noise).save(place)
    (roots["nice"] / "text.png").write_text("no picture")
    page = opened("train")
    page.session_state[unlabelled.OPEN] = True  # AppTest cannot click an expander
    page.run(timeout=120)
    assert not page.exception and "wait for a label" in page.expander[0].label
    assert any("3 in all" in one.value for one in page.caption)
    assert any("cannot be used: not a picture" in one.value for one in page.caption)
    offered = [one for one in page.button if one.key.startswith("label ")]
    assert len(offered) == 6 and {one.label for one in offered} <= set(made_runs.CATEGORIES)
    offered[0].click().run()
    assert (roots["real"] / offered[0].label / "new.png").is_file()
    page.session_state[unlabelled.OPEN] = True
    page.run()
    other = next(one for one in page.selectbox if one.key and "other" in one.key)
    other.set_value("Kiwi").run()
    assert (roots["real"] / "Kiwi" / "other.png").is_file()
