import re
from io import BytesIO

import made_runs
import numpy as np
import pytest
from PIL import Image
from ui_pages import charts, checked, opened, text

from fruitlab.app.components import photo
from fruitlab.data.categories import CATEGORIES
from fruitlab.inference import client, examples
from fruitlab.runs.catalog import find


@pytest.fixture(scope="module", autouse=True)
def prediction_server():
    yield
    client.stop()


def html(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def stops() -> dict[int, dict]:
    return {
        ratio: made_runs.run(f"mixed{ratio}", seed=ratio, ratio=ratio).summary()
        for ratio in (0, 60, 100)
    }


def test_without_a_mixed_run_it_explains_how_to_get_one():
    made_runs.run("iterative", method="iterative")
    made_runs.run("broken", status="failed", ratio=10)
    app = opened("explore")
    assert (
        not app.exception
        and "No network has been trained yet" in text(app)
        and "broken failed: " in text(app)
    )
    assert not app.select_slider and not charts(app)


def test_a_click_starts_the_first_three_and_the_page_shows_their_progress(
    workers: list[list[str]],
):
    app = opened("explore")
    app.button(key="first three").click().run()
    configs = [find(command[-1]).config() for command in workers]
    assert not app.exception and [
        (config.method, config.ratio, config.preset.partition("@")[0], config.data)
        for config in configs
    ] == [("mixed", ratio, "glance", "synthetic:60") for ratio in (0, 50, 100)]
    training = "The first networks are training"
    assert training in text(app) and not app.button and len(app.get("progress")) == 3
    app = opened("explore")  # a second visit shows them and starts nothing
    assert training in text(app) and len(workers) == 3


def test_the_slider_stops_where_there_is_a_run_and_changes_the_scores():
    scores = stops()
    app = opened("explore")
    assert not app.exception
    (slider,) = app.select_slider
    assert slider.options == ["0%", "60%", "100%"]
    best = max(scores, key=lambda ratio: scores[ratio]["combined"]["top1"])
    assert slider.value == best
    for ratio, beside in ((100, 60), (0, 60), (60, 0)):
        app.select_slider[0].set_value(ratio).run()
        assert not app.exception
        values = re.findall("<b>(.*?)</b>", html(app))[:3]
        assert values == [
            f"{scores[ratio][name]['top1']:.1%}" for name in ("nice", "real", "combined")
        ]
        change = round(100 * (scores[ratio]["nice"]["top1"] - scores[beside]["nice"]["top1"]), 1)
        assert (
            f"{'▲' if change > 0 else '▼' if change < 0 else '='} {abs(change):.1f} points"
            in html(app)
            and f"from {beside}% real" in text(app)
        )
        assert app.query_params["ratio"] == str(ratio)
    (chart,) = charts(app)
    assert chart.data[0]["x"] == [0, 60, 100]
    assert chart.data[1]["y"] == pytest.approx(
        [scores[ratio]["real"]["top1"] for ratio in (0, 60, 100)]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "shown"), [("100", 100), ("52", 60), ("9", 0), ("nonsense", None), ("99999", None)]
)
def test_a_link_restores_the_slider(asked, shown):
    scores = stops()
    app = opened("explore", ratio=asked)
    best = max(scores, key=lambda ratio: scores[ratio]["combined"]["top1"])
    assert not app.exception and app.select_slider[0].value == (best if shown is None else shown)


def test_one_run_has_no_slider():
    made_runs.run("only", ratio=40)
    app = opened("explore")
    assert not app.exception and not app.select_slider and "**40%** of the real" in text(app)
    assert "points" not in html(app) and "Changes are from" not in text(app)


def test_every_network_answers_one_photo():
    stops()
    app = opened("explore")
    page = html(app)
    assert page.count('class="ratio"') == 3 and page.count('aria-current="true"') == 1
    for ratio in (0, 60, 100):
        picture = examples.examples(find("mixed0"))[0].image
        top = client.top3(f"mixed{ratio}", picture)
        assert f"{top[0]['category']}" in page and f"{top[0]['probability']:.1%}" in page
    assert "Answer of the network with" in page and "of the time" in page


def test_moving_the_slider_does_not_ask_the_networks_again(monkeypatch):
    stops()
    app = opened("explore")
    monkeypatch.setattr(client, "top3_many", lambda *_, **__: pytest.fail("asked again"))
    app.select_slider[0].set_value(0).run()
    assert not app.exception and "chosen" in html(app)


def test_an_own_photo_and_a_file_that_is_no_picture():
    stops()
    app = opened("explore")
    file = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)).save(
        file, "PNG"
    )
    app.session_state["photo"] = file.getvalue()
    app.run()
    assert (
        not app.exception and "True category" not in text(app) and "real test pictures" in html(app)
    )
    app.session_state["photo"] = b"a text under a picture's name"
    app.run()
    assert not app.exception and "This picture cannot be used: not a picture" in text(app)


def test_a_drawn_example_is_marked_for_networks_trained_on_photographs():
    made_runs.run("photos", kind="photographs", data="photos")
    app = opened("explore")
    assert not app.exception and "This picture is drawn: a photo of your own tells more" in text(
        app
    )
    assert "trained on photographs only" in html(app)


def test_the_hint_about_selected_drawings_is_only_for_shipped_networks(monkeypatch):
    made = made_runs.run("photos", kind="photographs", data="photos")
    header = made.header()
    made.write_header(header | {"data": header["data"] | {"categories": list(CATEGORIES)}})
    assert [one.category for one in examples.drawn(6, known=CATEGORIES)] == list(examples.SELECTED)
    assert [one.category for one in examples.drawn(2, known=("Kiwi", "Pear"))] == ["Kiwi", "Pear"]
    monkeypatch.setattr(photo, "photo", lambda shown, chosen, *, hint, key: hints.append(hint))
    hints = []
    for shipped in (False, True):
        monkeypatch.setattr(
            "fruitlab.runs.folder.Run.shipped", property(lambda self, shipped=shipped: shipped)
        )
        opened("explore")
        assert ("these six were chosen" in hints[-1]) == shipped


def test_the_deviation_over_several_seeds_is_shown():
    for seed in (0, 1):
        made_runs.run(f"s{seed}", seed=seed, seed_of_run=seed)
    app = checked(opened("explore"))
    assert "mean of 2 seeds (standard deviation in points: nice" in text(app)


def test_damaged_networks_are_reported_among_the_others():
    stops()
    (find("mixed60").folder / "weights.safetensors").write_bytes(b"none")
    app = opened("explore", ratio="60")
    assert (
        not app.exception
        and "weights.safetensors is damaged" in html(app)
        and html(app).count('class="ratio"') == 3
    )


def test_a_choice_between_several_sets_of_runs():
    stops()
    made_runs.run("other", ratio=20, iterations=7)
    app = opened("explore")
    assert len(app.selectbox[0].options) == 2
    app.selectbox[0].select_index(1).run()
    assert not app.exception and "**20%**" in text(app)
    again = opened("explore", set=app.query_params["set"])
    assert not again.exception and "**20%**" in text(again)


def test_foreign_and_broken_folders_are_ignored(tmp_path):
    stops()
    from fruitlab.config.paths import runs_root

    for name, content in {
        "foreign": "{}",
        "torn": '{"format": 1, "conf',
        "newer": '{"format": 99}',
    }.items():
        (runs_root() / name).mkdir()
        (runs_root() / name / "config.json").write_text(content)
    app = opened("explore")
    assert not app.exception and len(app.select_slider[0].options) == 3


def test_the_papers_values_are_drawn_for_its_own_categories_only():
    run = made_runs.run("photos", kind="photographs", data="photos")
    header = run.header()
    for categories, drawn in ((list(CATEGORIES), True), (["Bolt", "Nut"], False)):
        run.write_header(header | {"data": header["data"] | {"categories": categories}})
        app = checked(opened("explore"))
        names = [trace["name"] for trace in charts(app)[0].data]
        assert ("combined, paper" in names) == drawn and ("Table 2" in text(app)) == drawn
