from urllib.parse import parse_qs, urlsplit

import made_runs
from ui_pages import opened, text


def frame(app) -> dict[str, list[str]]:
    """The query of the address in the frame."""
    (element,) = app.get("iframe")
    address = urlsplit(element.proto.src)
    assert address.path == "/demo/" and not address.netloc  # of this server, whatever it is called
    return parse_qs(address.query)


def test_without_a_finished_run_it_says_how_to_get_one():
    made_runs.run("stopped", status="stopped")
    made_runs.run("failed", status="failed")
    app = opened("classify")
    assert (
        not app.exception
        and "No run has finished yet" in text(app)
        and not app.get("iframe")
        and not app.selectbox
    )


def test_the_frame_shows_the_chosen_run():
    runs = {
        name: made_runs.run(name, seed=seed, ratio=ratio)
        for seed, (name, ratio) in enumerate((("one", 10), ("two", 90)))
    }
    app = opened("classify")
    best = max(runs, key=lambda name: runs[name].summary()["combined"]["top1"])
    assert not app.exception and frame(app)["run"] == [best]
    other = next(name for name in runs if name != best)
    app.selectbox[0].set_value(other).run()
    assert (
        not app.exception
        and frame(app)["run"] == [other]
        and f'"{other}", api_name="/classify"' in app.code[0].value
    )


def test_a_link_chooses_the_run():
    for seed, name in enumerate(("one", "two")):
        made_runs.run(name, seed=seed)
    for name in ("one", "two"):
        app = opened("classify", run=name)
        assert not app.exception and frame(app)["run"] == [name] and app.selectbox[0].value == name


def test_a_link_to_a_run_that_is_not_there_says_so():
    made_runs.run("one")
    for name in ("gone", "../../etc/passwd", "stopped"):
        app = opened("classify", run=name)
        assert (
            not app.exception
            and frame(app)["run"] == ["one"]
            and "There is no finished run named" in text(app)
        )


def test_what_it_learned_from_is_said():
    made_runs.run("one", kind="drawn")
    assert "drawn pictures" in text(opened("classify"))
    made_runs.run("two", kind="photographs", data="photos")
    assert "trained on photographs" in text(opened("classify", run="two"))
