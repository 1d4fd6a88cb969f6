"""Explore at every ratio: the slider's figures, the photo's answers, links, and damaged files."""

import json
from dataclasses import replace
from types import SimpleNamespace

import made_runs
import numpy as np
import pytest
from logged_runs import mixed, point
from logged_runs import run as logged
from ui_pages import address, charts, checked, html, opened, text

from fruitlab.app.data_page import work
from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.closed_form.leave_one_out import Pictures
from fruitlab.closed_form.path import Path
from fruitlab.data import collection, store
from fruitlab.data.importing import import_pictures
from fruitlab.features import familiar
from fruitlab.inference import client
from fruitlab.inference.client import PredictorError
from fruitlab.runs import jobs
from fruitlab.studies.all_ratios import file_of

NAMES = ("Apple", "Banana", "Lemon")
FACTS = {
    "categories": NAMES,
    "network": "efficientnet-lite0",
    "input_size": 0,
    "data": "photos",
    "fingerprint": "0123456789abcdef",
    "training_pictures": [90, 60],
    "test_pictures": [45, 30],
}


def made() -> AllRatios:
    """The real domain's pictures lie around other centres than the nice one's."""
    rng = np.random.default_rng(2)
    centres = rng.random((2, len(NAMES), 12))

    def pictures(domain: int, count: int) -> Pictures:
        labels = np.arange(count) % len(NAMES)
        noise = 0.4 * rng.random((count, 12))
        return Pictures.of(centres[domain][labels] + noise, labels, len(NAMES))

    train, test = (pictures(0, 90), pictures(1, 60)), (pictures(0, 45), pictures(1, 30))
    path = Path(*(domain.statistics(len(NAMES)) for domain in train), 0.1)
    return AllRatios.of(path, train, test, FACTS)


@pytest.fixture
def shipped(tmp_path, monkeypatch) -> AllRatios:
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(tmp_path / "shipped"))
    (tmp_path / "shipped").mkdir()
    found = made()
    found.save(tmp_path / "shipped" / "ratios.safetensors")
    return found


@pytest.fixture
def feature_map(monkeypatch) -> np.ndarray:
    """What the prediction server would answer for every photo."""
    found = np.random.default_rng(3).random((12, 2, 2)).astype(np.float32)
    monkeypatch.setattr(client, "start", lambda: None)
    monkeypatch.setattr(client, "feature_map", lambda *_: (np.zeros((100, 100, 3), "u1"), found))
    return found


def component(app, name: str) -> SimpleNamespace:
    """The data that a component was given."""
    (found,) = (
        json.loads(element.proto.json)
        for element in app.get("bidi_component")
        if element.proto.component_name == name
    )
    return SimpleNamespace(**found)


def test_the_slider_opens_at_the_best_ratio_with_all_scores(shipped, feature_map):
    app = checked(opened("explore"))
    slider = component(app, "fruitlab.instant")
    assert slider.ratio == slider.best == shipped.best
    for name, curve in shipped.curves.items():
        assert slider.scores[name] == pytest.approx(curve["top1"], abs=1e-4)
    assert slider.lower == pytest.approx(shipped.curves["combined"]["low"], abs=1e-4)
    names = [trace["name"] for trace in slider.traces]
    assert {"nice", "real", "combined", "combined, paper's Table 2"} <= set(names)
    assert "Hollow markers: the paper" in slider.caption and "scratch" not in slider.caption
    # The test's nice and real pictures lie round other centres: each needs its own.
    assert "Mixing helps here" in text(app)
    (link,) = (one.proto for one in app.get("page_link") if "with this mix" in one.proto.label)
    assert f"ratio={shipped.best}" in link.query_string
    assert "90 nice and 60 real training pictures" in text(app) and "λ = 0.1" in text(app)


def test_a_photo_is_answered_at_every_ratio(shipped, feature_map):
    photo = component(checked(opened("explore")), "fruitlab.instant-photo")
    expected = shipped.photo(feature_map.mean((1, 2)))
    assert photo.probability == pytest.approx(expected.probability, abs=1e-4)
    assert np.array(photo.evidence).shape == (101, 2, 2)
    for flip in expected.flips:
        assert f"at {flip}% from {NAMES[expected.answer[flip - 1]]} to" in photo.caption
    assert [shape["x0"] for shape in photo.layout["shapes"]] == list(expected.flips)


def test_a_photo_of_something_else_gets_no_category_as_its_answer(
    shipped, feature_map, monkeypatch
):
    known = SimpleNamespace(network=FACTS["network"], includes=lambda features: False)
    monkeypatch.setattr(familiar, "find", lambda fingerprint: known)
    app = opened("explore")
    assert not component(app, "fruitlab.instant-photo").unfamiliar  # an example is what it is
    app.session_state.photo = b"a photo"
    app = checked(app.run())
    assert component(app, "fruitlab.instant-photo").unfamiliar
    assert "does not look like anything" in app.warning[0].value


def test_the_wall_has_the_most_frequent_answer_of_each_category(shipped, feature_map):
    wall = component(checked(opened("explore")), "fruitlab.instant").wall
    for ratio, domain, category in ((0, 0, 1), (50, 1, 0), (100, 1, 2)):
        answers = shipped.confusion[ratio, domain, category].tolist()
        assert answers[wall["answer"][ratio][domain][category]] == max(answers)
        share = 100 * answers[category] / sum(answers)
        assert wall["right"][ratio][domain][category] == pytest.approx(share, abs=0.5)
    # Without the photos, each category is drawn, and the page says so.
    assert all(url.startswith("data:image/jpeg") for url in wall["pictures"]["real"])
    assert "the pictures are drawn" in wall["about"]


@pytest.mark.parametrize(("ratio", "shown"), [("30", 30), ("100", 100), ("999", 100), ("x", None)])
def test_a_link_opens_a_ratio(shipped, feature_map, ratio, shown):
    slider = component(checked(opened("explore", ratio=ratio)), "fruitlab.instant")
    assert slider.ratio == (shipped.best if shown is None else shown)


def test_without_the_backbone_the_slider_still_works(shipped, feature_map, monkeypatch):
    def missing(*_):
        raise PredictorError("The weights of efficientnet-lite0 are missing. Install them: pip …")

    monkeypatch.setattr(client, "feature_map", missing)
    app = checked(opened("explore"))
    assert component(app, "fruitlab.instant").ratio == shipped.best
    assert "Install them" in app.warning[0].value


def test_a_damaged_file_is_left_out(shipped, feature_map, tmp_path):
    (tmp_path / "shipped" / "ratios.safetensors").write_bytes(b"\0" * 100)
    app = checked(opened("explore"))
    assert "No network has been trained yet" in text(app)


def test_a_correction_without_a_closed_form_run_is_kept(shipped, feature_map):
    app = opened("explore")
    assert "solve --data" in text(app) and "learns it at once" not in text(app)  # said beforehand
    chips = app.pills(key="right category 0")
    assert chips.options == [*NAMES, "no fruit"]
    chips.set_value("Lemon").run()
    (kept,) = collection.pictures()
    assert kept.category == "Lemon"
    assert "solve --data" in html(checked(app), "correction")
    assert "Get the answer" in [one.proto.label for one in app.get("page_link")]
    app.button(key="undo correction").click().run()
    assert collection.pictures() == []


def test_one_click_makes_a_network_that_learns_corrections(
    shipped, feature_map, pair, tmp_path, monkeypatch
):
    assert "Make a network that learns" not in [one.label for one in opened("explore").button]
    import_pictures(name="mine", nice=pair.nice, real=pair.real)
    (mine,) = (one for one in store.available() if one["name"] == "mine")
    monkeypatch.setitem(FACTS, "fingerprint", mine["fingerprint"])
    made().save(tmp_path / "shipped" / "ratios.safetensors")
    started: list[tuple] = []
    monkeypatch.setattr("fruitlab.runs.jobs.start_python", lambda *a, **_: started.append(a))
    app = opened("explore")
    app.button(key="make a network").click().run()
    (job,) = jobs.all_jobs(work.root())
    assert checked(app) and len(started) == 1
    assert job.title == "A network that learns from mine"


def test_a_showcase_keeps_no_photo(shipped, feature_map, monkeypatch):
    monkeypatch.setenv("FRUITLAB_MODE", "showcase")
    app = checked(opened("explore"))
    assert not [one for one in app.get("expander") if one.label == "That is wrong"]


def test_after_naming_every_picture_a_visitor_learns_which_ratio_answers_alike(
    shipped, feature_map
):
    app = checked(opened("explore"))
    for done in range(len(NAMES)):
        assert f"Picture {done + 1} of {len(NAMES)}" in text(app)
        app.pills(key=f"guess 0 {done}").set_value("Lemon").run()
    answer = shipped.photo(feature_map.mean((1, 2))).answer  # to every picture
    lemon = [len(NAMES) if NAMES[one] == "Lemon" else 0 for one in answer]
    (figure,) = [one for one in charts(checked(app)) if one.title == "Which network you resemble"]
    assert figure.data[0]["y"] == lemon
    assert figure.data[2]["y"] == [1] * 101  # one of three pictures is a lemon
    app.button(key="human again").click().run()
    assert "Picture 1 of 3" in text(checked(app))


def test_a_run_in_one_step_has_its_place_among_all_ratios_instead_of_curves(shipped) -> None:
    fingerprint, points = FACTS["fingerprint"], [point(0, 0.1, 0.1), point(1, 0.9, 0.6, full=True)]
    logged("solved", points, method="closed-form", ratio=40, fingerprint=fingerprint)
    logged("other", points, method="closed-form", ratio=40, fingerprint="fedcba9876543210")
    for page, query in (("runs", {"runs": "solved"}), ("train", {"run": "solved"})):
        (figure,) = charts(checked(opened(page, **query)))
        assert figure.title == "Accuracy at every mixing ratio"
        assert [shape["x0"] for shape in figure.layout["shapes"]][1:] == [40]
        assert figure.caption.startswith("Dashed: this run, 40")
    assert not charts(checked(opened("train", run="other")))


def test_beside_curves_a_run_in_one_step_is_a_level_line() -> None:
    logged("solved", [point(0, 0.1, 0.1), point(1, 0.9, 0.6, full=True)], method="closed-form")
    logged("trained", mixed(100))
    app = checked(opened("runs", runs="solved,trained"))
    nice = next(chart for chart in charts(app) if "Nice" in chart.title)
    lines = {trace["name"].partition(",")[0]: trace for trace in nice.data if trace.get("name")}
    level = next(trace for name, trace in lines.items() if "closed" in name.lower())
    assert (level["x"], level["y"]) == ([0, 100], [0.9, 0.9])


def test_datasets_of_one_name_are_told_apart_by_their_pictures(shipped, feature_map, pair) -> None:
    import_pictures(name="photos", nice=pair.nice, real=pair.real)
    own = next(data["fingerprint"] for data in store.available() if data["name"] == "photos")
    path = file_of(own)
    path.parent.mkdir(exist_ok=True)
    replace(shipped, facts=shipped.facts | {"fingerprint": own}).save(path)
    app = checked(opened("explore"))
    choice = app.selectbox(key="ratios of")
    assert choice.value == FACTS["fingerprint"]
    assert choice.options == [f"photos ({key[:4]})" for key in (FACTS["fingerprint"], own)]
    checked(choice.set_value(own).run())
    assert address(app)["data"] == own
    assert checked(opened("explore", data=own)).selectbox(key="ratios of").value == own
    by_name = checked(opened("explore", data="photos"))  # as earlier links say it
    assert by_name.selectbox(key="ratios of").value == FACTS["fingerprint"]


def test_classify_says_where_a_better_answer_is(shipped) -> None:
    made_runs.run("small", fingerprint=FACTS["fingerprint"])
    made_runs.run("elsewhere", fingerprint="fedcba9876543210")
    reached = shipped.scores(shipped.best)["combined"]["top1"]
    app = checked(opened("classify", run="small"))
    assert f"in closed form has {reached:.1%} combined" in text(app)
    (link,) = [one.proto for one in app.get("page_link")]
    assert link.page == "explore" and FACTS["fingerprint"] in link.query_string
    assert "in closed form" not in text(checked(opened("classify", run="elsewhere")))
