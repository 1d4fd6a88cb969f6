"""Figures as dicts: traces, style and captions."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from fruitlab.config.text import percent
from fruitlab.metrics.series import Curves, Forgetting, Steps, Switch, envelope, thin
from fruitlab.plots import figures, mixing, style


def curves(count: int = 5, switches: tuple[Switch, ...] = ()) -> Curves:
    x = np.arange(count) * 10
    up = np.linspace(0.1, 0.9, count)
    return Curves(
        iteration=x,
        nice=up,
        real=up / 2,
        combined=np.sqrt(up * up / 2),
        loss=np.r_[np.nan, np.ones(max(0, count - 1))][:count],
        learning_rate=np.ones(count),
        momentum=np.full(count, 0.9),
        switches=switches,
    )


def steps(count: int) -> Steps:
    """Every iteration: a noisy loss that falls."""
    iteration = np.arange(1, count + 1)
    loss = 3 / iteration + np.random.default_rng(0).random(count)
    return Steps(iteration, loss, np.full(count, 0.1), np.full(count, 0.9))


SWITCHES = (
    Switch(20, "restricted", "restricted training: only the head, on real pictures"),
    Switch(30, "last", "last training: all layers, on nice and real pictures"),
)
FIGURES = {
    "live": figures.accuracies(
        curves(switches=SWITCHES), top=1, iterations=40, categories=4, best=("60% real", 0.7)
    ),
    "live, no evaluation": figures.accuracies(curves(0), top=3, iterations=40, categories=None),
    "loss": figures.training("loss", curves(), steps(40), iterations=40),
    "loss, of evaluations": figures.training("loss", curves(), steps(0), iterations=40),
    "learning rate": figures.training(
        "learning_rate", curves(switches=SWITCHES), steps(40), iterations=40
    ),
    "momentum": figures.training("momentum", curves(), steps(40), iterations=40),
    "forgetting": figures.forgetting(
        [
            Forgetting(name, np.arange(3.0), np.array([0.9, 0.7, 0.5]), np.array([0.1, 0.2, 0.3]))
            for name in "ab"
        ],
        top=1,
        categories=4,
        joint=("50% real", 0.8, 0.4),
    ),
    "forgetting, no evaluation": figures.forgetting([], top=1, categories=None),
    "mixing": mixing.curve(
        [0, 50, 100],
        [0.9, 0.8, 0.2],
        [0.1, 0.4, 0.5],
        [0.3, 0.57, 0.32],
        chosen=50,
        paper={"nice": ([0, 100], [0.9, 0.3])},
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_plotly_accepts_every_figure_and_it_has_title_axes_and_caption(name: str) -> None:
    figure = FIGURES[name]
    json.dumps(figure, allow_nan=False)  # the browser's JSON has no NaN
    go.Figure(data=figure["data"], layout=figure["layout"])  # plotly validates every name and value
    assert figure["title"] and (figure["caption"] or "no evaluation" in name)
    assert all(figure["layout"][axis]["title"]["text"] for axis in ("xaxis", "yaxis"))


@pytest.mark.parametrize("name", FIGURES)
def test_figures_leave_text_and_grid_colours_to_the_page(name: str) -> None:
    layout = FIGURES[name]["layout"]
    assert not {"template", "paper_bgcolor", "plot_bgcolor", "font"} & layout.keys()
    assert not {"gridcolor", "linecolor", "color"} & (
        layout["xaxis"].keys() | layout["yaxis"].keys()
    )


def test_the_scores_have_one_style_everywhere_and_never_colour_alone() -> None:
    assert style.COLOURS == {"nice": "#0072B2", "real": "#D55E00", "combined": "#009E73"}
    assert len(set(style.SYMBOLS.values())) == 3 and style.WIDTHS["combined"] > style.WIDTHS["nice"]
    for trace in (*FIGURES["live"]["data"][:3], *FIGURES["mixing"]["data"][:3]):
        score = trace["name"]
        assert (trace["line"]["color"], trace["marker"]["symbol"], trace["line"]["width"]) == (
            style.COLOURS[score],
            style.SYMBOLS[score],
            style.WIDTHS[score],
        )
    paper = FIGURES["mixing"]["data"][3]
    assert paper["marker"] | {"size": 0} == {
        "color": style.COLOURS["nice"],
        "symbol": "circle-open",
        "size": 0,
        "line": {"width": 1.5},
    }


def test_the_deviation_over_seeds_is_drawn_as_error_bars() -> None:
    figure = mixing.curve(
        [0, 50], [0.9, 0.8], [0.1, 0.4], [0.3, 0.57], deviations={"real": [0.02, None]}
    )
    assert [trace.get("error_y", {}).get("array") for trace in figure["data"]] == [
        None,
        [0.02, 0.0],
        None,
    ] and "over seeds" in figure["caption"]
    assert "over seeds" not in FIGURES["mixing"]["caption"]


def test_several_runs_differ_in_their_dash_and_are_named() -> None:
    lines = [trace for trace in FIGURES["forgetting"]["data"] if "text" not in trace["mode"]]
    assert [(line["name"], line["line"]["dash"]) for line in lines] == [
        ("nice: a", "solid"),
        ("real: a", "solid"),
        ("nice: b", "dash"),
        ("real: b", "dash"),
    ]


def test_the_random_baseline_is_a_dotted_grey_line_at_guesses_by_categories() -> None:
    baseline = style.random_baseline(4, (0, 10), top=3)
    assert baseline["y"] == [0.75, 0.75] and "75.0%" in baseline["text"][1]
    assert baseline["line"] == {"color": style.GREY, "width": 1.5, "dash": "dot"}
    assert style.random_baseline(2, (0, 10), top=3)["y"] == [1, 1]


def test_every_switch_is_drawn_and_in_the_caption() -> None:
    figure = FIGURES["live"]
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == [20, 30]
    assert [text["text"] for text in figure["layout"]["annotations"]] == [" restricted", " last"]
    assert (
        "From iteration 20 on: restricted training: only the head, on real pictures. "
        "From iteration 30 on: last training: all layers, on nice and real pictures."
    ) in figure["caption"]
    assert [shape["x0"] for shape in FIGURES["learning rate"]["layout"]["shapes"]] == [20, 30]


def test_the_loss_of_every_iteration_is_drawn_with_the_evaluations_on_top() -> None:
    every, means = FIGURES["loss"]["data"]
    assert every["x"] == list(range(1, 41)) and every["mode"] == "lines"
    # In the middle of the iterations that they are the mean of.
    assert means["x"] == [0, 5, 15, 25, 35] and means["mode"] == "markers"
    (rate,) = FIGURES["learning rate"]["data"]
    assert len(rate["x"]) == 40


def test_a_long_noisy_series_keeps_its_extremes() -> None:
    y = np.random.default_rng(1).random(10_000)
    y[4321], y[77] = 9.0, np.nan
    kept = envelope(y, 500)
    assert len(kept) <= 502 and (np.diff(kept) > 0).all()
    assert {0, 9999, 4321, int(np.nanargmin(y))} <= set(kept.tolist())
    assert envelope(y[:500], 500).tolist() == list(range(500))


def test_captions_state_the_values() -> None:
    assert "At iteration 40: 90.0% of nice and 45.0% of real" in FIGURES["live"]["caption"]
    assert "best at 50% real: 57.0%" in FIGURES["mixing"]["caption"]
    assert "nice from 90.0% to 50.0%" in FIGURES["forgetting"]["caption"]


@pytest.mark.parametrize(("count", "most"), [(0, 5), (1, 5), (5, 5), (6, 5), (6001, 500)])
def test_thinning_keeps_both_ends_and_the_order(count: int, most: int) -> None:
    kept = thin(count, most)
    assert len(kept) == min(count, most) and np.array_equal(kept, np.unique(kept))
    assert count == 0 or (kept[0] == 0 and kept[-1] == count - 1)


def test_percent_has_one_decimal_or_is_a_dash() -> None:
    assert [percent(value) for value in (0.8316, 1, None, float("nan"))] == [
        "83.2%",
        "100.0%",
        "—",
        "—",
    ]
