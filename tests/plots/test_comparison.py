"""Figures that compare runs."""

from itertools import pairwise

import numpy as np
import pytest

from fruitlab.metrics.curves import Band
from fruitlab.plots import comparison, style
from fruitlab.plots.comparison import Line, line_style, panels


def band(last: float, runs: int = 1, count: int = 5, deviation: float = 0.0) -> Band:
    x = np.linspace(0, 100, count)
    return Band(x, np.linspace(0.1, last, count), np.full(count, deviation), runs)


def line(name: str, nice: float, real: float, **more) -> Line:
    return Line(
        name,
        {
            "nice": band(nice, **more),
            "real": band(real, **more),
            "combined": band((nice * real) ** 0.5, **more),
        },
    )


def test_one_panel_for_each_score_and_a_colour_for_each_run() -> None:
    figures = panels(
        [line("A", 0.5, 0.3), line("B", 0.7, 0.2)],
        axis="iterations",
        metric="top1",
        smoothing=0,
        categories=20,
    )
    assert len(figures) == 3
    colours = {tuple(trace["line"]["color"] for trace in f["data"][:2]) for f in figures}
    assert len(colours) == 1 and len(set(*colours)) == 2  # the same in every panel
    for figure, score in zip(figures, ("nice", "real", "combined"), strict=True):
        first, second, baseline = figure["data"]
        assert (first["legendgroup"], second["legendgroup"]) == ("A", "B")
        assert (
            first["line"]["dash"] != second["line"]["dash"]
            and first["marker"]["symbol"] == style.SYMBOLS[score]
        )
        assert baseline["y"] == [0.05, 0.05]
        assert style.SHAPES[score] in figure["title"]
    assert (
        figures[0]["caption"] == "At the end: 70.0% (B), 50.0% (A). Dotted: random guessing, 5.0%."
        and "At the end: 30.0% (A), 20.0% (B)." in figures[1]["caption"]
    )
    assert (
        len({tuple(figure["layout"]["yaxis"]["range"]) for figure in figures}) == 1
    )  # heights can be compared
    assert figures[0]["layout"]["yaxis"]["range"][1] >= 0.7


def test_seeds_have_a_band_of_one_standard_deviation() -> None:
    figure = panels(
        [line("A", 0.5, 0.3, runs=3, deviation=0.04)],
        axis="iterations",
        metric="top1",
        smoothing=10,
        categories=None,
    )[0]
    spread, mean = figure["data"]
    half = len(spread["y"]) // 2
    np.testing.assert_allclose(spread["y"][:half], np.array(mean["y"]) + 0.04)
    np.testing.assert_allclose(spread["y"][half:][::-1], np.array(mean["y"]) - 0.04)
    assert (
        mean["name"] == "A, mean of 3"
        and "± 4.0" in figure["caption"]
        and "10% of the axis" in figure["caption"]
    )


@pytest.mark.parametrize(
    ("end", "unit", "factor"),
    [(100, "seconds", 1), (1000, "minutes", 1 / 60), (20_000, "hours", 1 / 3600)],
)
def test_time_is_in_a_unit_that_suits_its_length(end: float, unit: str, factor: float) -> None:
    x = np.array([0.0, end])
    (figure,) = panels(
        [Line("A", {"loss": Band(x, x, x * 0, 1)})],
        axis="time",
        metric="loss",
        smoothing=0,
        categories=4,
    )
    assert unit in figure["layout"]["xaxis"]["title"]["text"]
    np.testing.assert_allclose(figure["data"][0]["x"], x * factor)
    assert figure["data"][0]["y"] == [0, end]


def test_empty_curves_and_names_with_html() -> None:
    empty = Band(np.empty(0), np.empty(0), np.empty(0), 0)
    for metric in ("top1", "loss"):
        figures = panels(
            [Line("A", {"nice": empty, "real": empty, "combined": empty, "loss": empty})],
            axis="time",
            metric=metric,
            smoothing=0,
            categories=None,
        )
        assert all(figure["data"] == [] for figure in figures)
    named = panels(
        [line("<b>x</b>", 0.5, 0.5)], axis="iterations", metric="top1", smoothing=0, categories=None
    )[0]["data"][0]
    assert "<b>" not in named["hovertemplate"]


def test_a_single_run_has_the_colours_of_the_scores() -> None:
    figures = panels(
        [line("A", 0.5, 0.3)], axis="iterations", metric="top1", smoothing=0, categories=None
    )
    assert [figure["data"][0]["line"]["color"] for figure in figures] == [*style.COLOURS.values()]


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance of ``#rrggbb``."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("page", ["#ffffff", "#17151a"])  # .streamlit/config.toml
def test_lines_differ_and_can_be_seen_in_both_themes(page: str) -> None:
    assert len({line_style(place) for place in range(45)}) == 45
    neighbours = pairwise(line_style(place) for place in range(20))
    assert all(one[1] != other[1] for one, other in neighbours)  # without colour, too
    for colour in comparison.COLOURS:
        low, high = sorted((luminance(colour), luminance(page)))
        assert (high + 0.05) / (low + 0.05) >= 3
