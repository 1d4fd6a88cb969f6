"""Links reproduce runs and views; what is invalid in one is reported and does no harm."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from fruitlab.app.permalinks import from_query, href, to_query
from fruitlab.app.runs_page import view_link
from fruitlab.app.runs_page.view_link import View, view_from_query, view_to_query
from fruitlab.config import presets
from fruitlab.config.run_config import RunConfig
from fruitlab.methods.registry import configure, parse

HERE = {"photos": "74b34d8add04c437", "synthetic": None}

CONFIGS = {
    "a preset as it is": configure("mixed", preset="quick"),
    "the paper, iterative": configure(
        "iterative", preset="paper", split=30, norms="frozen", data="photos", seed=3
    ),
    "fractions and switches": configure(
        "mixed",
        preset="glance",
        ratio=0,
        learning_rate=1 / 3,
        mirror=False,
        nesterov=False,
        regularisation=1e-7,
        penalty="per-batch",
        schedule="decay",
        width=0.25,
        data="photos",
        seed=2**31 - 1,
    ),
    "built-in pictures, fewer": configure("mixed", data="synthetic:20", iterations=60),
}


def through_an_address(link: dict[str, str]) -> dict[str, str]:
    """The query parameters after a browser has parsed the address."""
    return dict(
        parse_qsl(
            urlsplit(f"http://127.0.0.1:8501/{href('train', link)}").query, strict_parsing=True
        )
    )


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_run_survives_the_round_trip_through_its_link(config: RunConfig) -> None:
    link = through_an_address(to_query(config, HERE.get(config.data)))
    again, warnings = from_query(link, fingerprints=HERE)
    assert again == config and warnings == []


def test_the_link_names_the_preset_and_the_differences_only() -> None:
    config = configure("mixed", preset="quick", ratio=30, data="photos", seed=2)
    assert to_query(config, "74b3") == {
        "preset": config.preset,
        "method": "mixed",
        "ratio": "30",
        "seed": "2",
        "data": "photos",
        "fingerprint": "74b3",
    }
    assert (
        href("train", {"preset": "quick@2", "data": "synthetic:20"})
        == "train?preset=quick@2&data=synthetic:20"
    )


def test_an_empty_link_is_the_quick_mixed_run() -> None:
    assert from_query({}, fingerprints=HERE) == (configure("mixed", preset="quick"), [])


def test_a_link_of_a_preset_that_has_changed_since(monkeypatch: pytest.MonkeyPatch) -> None:
    config = configure("mixed", preset="quick", ratio=30)
    short, before = to_query(config), presets.PRESETS["quick"].version
    quick = presets.PRESETS["quick"]
    values = dict(quick.values) | {"iterations": config.iterations + 100}
    changed = replace(quick, version=before + 1, values=values)
    monkeypatch.setitem(presets.PRESETS, "quick", changed)

    # Made before the change: settings it does not name are lost, which is reported.
    again, warnings = from_query(short, fingerprints=HERE)
    assert (again.preset, again.ratio, again.iterations) == (
        f"quick@{before + 1}",
        30,
        config.iterations + 100,
    )
    assert (
        len(warnings) == 1
        and f"version {before}" in warnings[0]
        and f"here it is {before + 1}" in warnings[0]
    )

    # Made after it, of a run from before: it names every setting, so it is the run.
    long = through_an_address(to_query(config))
    again, warnings = from_query(long, fingerprints=HERE)
    assert (again, again.experiment(), warnings) == (config, config.experiment(), [])

    again, warnings = from_query(long | {"ratio": "130"}, fingerprints=HERE)
    assert again.iterations == config.iterations and again.ratio == 60 and len(warnings) == 2


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"learning_rat": "3"}, ["learning_rat", "learning_rate"]),
        ({"ratio": "900"}, ["ratio", "900", "100"]),
        ({"ratio": "many"}, ["ratio", "many"]),
        ({"split": "30"}, ["split", "mixed"]),
        ({"preset": "slow@4"}, ["slow@4", "quick"]),
        ({"preset": "quick@777"}, ["version 777", "quick"]),
        ({"method": "replay"}, ["replay", "mixed"]),
        ({"data": "nuts"}, ["nuts", "not on this machine"]),
        (
            {"data": "photos", "fingerprint": "0000000000000000"},
            ["photos", "74b34d8add04c437", "0000000000000000"],
        ),
        ({"data": "synthetic:three"}, ["synthetic:three", "5"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_invalid_parameters_are_reported_and_the_rest_is_used(
    change: dict[str, str], names: list[str]
) -> None:
    config, warnings = from_query({"iterations": "50", "seed": "4"} | change, fingerprints=HERE)
    assert (config.iterations, config.seed) == (50, 4)
    assert len(warnings) == 1 and all(name in warnings[0] for name in names)
    assert parse(config.model_dump()) == config


def test_several_mistakes_are_several_warnings() -> None:
    config, warnings = from_query({"ratio": "-1", "nonsense": "1", "seed": "7"}, fingerprints=HERE)
    assert (config.ratio, config.seed, len(warnings)) == (60, 7, 2)


def test_without_hashes_those_of_this_machine_are_read(tmp_path) -> None:
    assert from_query({"data": "nuts"})[1] == from_query({"data": "nuts"}, fingerprints=HERE)[1]
    assert (
        from_query({"data": "synthetic", "fingerprint": "abc"})[1] == []
    )  # not drawn yet, so its hash is not known


VIEWS = [
    View(),
    View(
        runs=("a", "b-2"),
        axis="time",
        metric="top3",
        smoothing=12,
        seeds=False,
        best=True,
        closer="b-2",
        section="mistakes",
    ),
    View(runs=("a",), smoothing=view_link.SMOOTHEST),
]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_survives_the_round_trip_through_its_link(view: View) -> None:
    link = view_to_query(view)
    query = urlsplit(href("runs", link)).query
    assert view_from_query(dict(parse_qsl(query)), {"a", "b-2", "c"}) == (view, [])


def test_a_default_view_needs_no_other_parameters() -> None:
    assert view_to_query(View(runs=("a", "b"))) == {"runs": "a,b"}


@pytest.mark.parametrize(
    ("params", "view", "names"),
    [
        ({"runs": "a,gone,a,../../etc"}, View(runs=("a",)), ["gone", "../../etc"]),
        ({"axis": "furlongs"}, View(), ["furlongs", "pictures"]),
        ({"metric": "beauty"}, View(), ["beauty", "top3"]),
        ({"section": "kitchen"}, View(), ["kitchen", "mistakes"]),
        ({"smoothing": "99"}, View(), ["99", "20"]),
        ({"smoothing": "²"}, View(), ["²"]),
        ({"smoothing": "lots"}, View(), ["lots"]),
    ],
)
def test_invalid_parameters_of_a_view_are_reported(
    params: dict[str, str], view: View, names: list[str]
) -> None:
    found, warnings = view_from_query(params, {"a"})
    assert found == view and len(warnings) == 1 and all(name in warnings[0] for name in names)


def test_a_view_has_a_limited_number_of_runs() -> None:
    known = {f"r{i}" for i in range(100)}
    view, warnings = view_from_query({"runs": ",".join(sorted(known))}, known)
    assert len(view.runs) == view_link.MOST_RUNS and "100" in warnings[0]
    assert view_from_query({"runs": "r1", "closer": "r2"}, known)[0].closer == ""
