"""Figures 8 to 14 of the paper, drawn from our runs, with the paper's numbers as hollow markers."""

from collections import Counter
from collections.abc import Mapping, Sequence

from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.series import Forgetting
from fruitlab.plots import style
from fruitlab.plots.comparison import line_style
from fruitlab.plots.figures import Figure, forgetting
from fruitlab.studies import published
from fruitlab.studies.plans import FINAL_ITERATIONS, RATIOS, SPLITS, TUNING_ITERATIONS
from fruitlab.studies.scores import Column, best
from fruitlab.studies.tuning import Tuned

RATIO_AXIS = style.axis("share of the real training set (%)", range=[-3, 103], dtick=10)
SPLIT_AXIS = style.axis("initial training (% of the iterations)", range=[7, 93], dtick=10)
SPLIT_ENDS = float(SPLITS[0]), float(SPLITS[-1])
TUNING_TITLES = {
    "rates": "learning rates",
    "factors": "L2 factors",
    "final": "L2 factors at learning rate 0.004",
}
EMPTY_FORGETTING = (0.0, 300.0)  # iterations that Figure 14 shows without a run


def mixed(ours: Column, *, top: int, categories: int) -> Figure:
    """Figure 11 (top-1) or 12 (top-3): accuracies over the mixing ratio, ours and the paper's.

    Args:
        ours: scores of our runs by ratio; empty without runs.
        top: 1 or 3.
        categories: number of categories, for the random baseline.
    """
    data = [_line(score, ours, name=score) for score in SCORES] if ours else []
    if top == 1:
        number, theirs = 11, published.BEST_TOP1
        data += [
            style.paper(score, RATIOS, [published.TABLE2[ratio][score] for ratio in RATIOS])
            for score in SCORES
        ]
    else:
        number, theirs = 12, published.BEST_TOP3
        data.append(style.paper("combined", [theirs[0]], [theirs[1]]))
    data.append(style.random_baseline(categories, (0.0, 100.0), top=top))
    texts = [_best_text("Ours", ours)] if ours else []
    texts.append(f"The paper's combined score is best at {theirs[0]}% real: {percent(theirs[1])}.")
    if top == 3:
        texts.append("The paper's text gives no other number of this figure.")
    return {
        "title": f"Figure {number}: mixed training, top-{top}",
        "caption": " ".join(texts),
        "data": data,
        "layout": _layout(RATIO_AXIS, f"top-{top} accuracy"),
    }


def iterative(ours: Mapping[str, Column], *, categories: int, best_mixed: float | None) -> Figure:
    """Figure 13: accuracies over the split.

    Args:
        ours: scores of our runs by split, for each behaviour of the running statistics; with
            several, each has its own dash.
        categories: number of categories, for the random baseline.
        best_mixed: combined score of the best mixed run, drawn as a level.
    """
    data, texts = [], []
    for place, (statistics, column) in enumerate(ours.items()):
        name = f", {statistics}" if len(ours) > 1 else ""
        data += [
            _line(score, column, name=f"{score}{name}", dash=style.DASHES[place])
            for score in SCORES
        ]
        whose = f"Ours with {statistics} statistics" if len(ours) > 1 else "Ours"
        texts.append(_best_text(whose, column, "initial training"))
    data.append(_combined_level(published.ITERATIVE_BELOW, "paper: combined always below", "dash"))
    if best_mixed is not None:
        data.append(_combined_level(best_mixed, "best mixed run, combined", "longdash", right=True))
    data.append(style.random_baseline(categories, SPLIT_ENDS))
    below = percent(published.ITERATIVE_BELOW)
    texts.append(f"The paper's text gives one number: always below {below}.")
    return {
        "title": "Figure 13: iterative training, top-1",
        "caption": " ".join(texts),
        "data": data,
        "layout": _layout(SPLIT_AXIS, "top-1 accuracy"),
    }


def restricted(curves: Sequence[Forgetting], *, categories: int) -> Figure:
    """Figure 14: accuracies over restricted training of the 50% split.

    Args:
        curves: of our runs; may be empty.
        categories: number of categories, for the random baseline.
    """
    figure = forgetting(curves, top=1, categories=categories if curves else None)
    points = published.FORGOTTEN
    figure["data"].append(style.paper("nice", list(points), list(points.values())))
    if not curves:
        figure["data"].append(style.random_baseline(categories, EMPTY_FORGETTING))
        figure["layout"]["xaxis"] |= {"range": [-10, EMPTY_FORGETTING[1] + 10]}
    start, end = map(percent, points.values())
    theirs = f"The paper: nice from about {start} to {end} within 200 iterations."
    return figure | {
        "title": "Figure 14: restricted training of the 50% split",
        "caption": f"{figure['caption']} {theirs}".strip(),
    }


def tuning(name: str, tuned: Tuned) -> Figure:
    """Figures 8 to 10: combined score over the ratio, a line for each rate or factor.

    Args:
        name: of the figure, in `published.TUNING`.
        tuned: what it shows.
    """
    data = []
    what = "learning rate" if name == "rates" else "L2 factor"
    for place, (value, column) in enumerate(tuned.lines.items()):
        colour, dash = line_style(place)
        heights = [scores.mean("combined") for scores in column.values()]
        trace = style.line("combined", list(column), heights, name=f"{what} {value:g}", dash=dash)
        trace["line"] |= {"color": colour, "width": 2}
        trace["marker"] |= {"color": colour}
        data.append(trace)
    highest = max(s.mean("combined") for column in tuned.lines.values() for s in column.values())
    layout = _layout(RATIO_AXIS, "best combined, top-1")
    layout["yaxis"] |= {"range": [0, min(1.02, 1.1 * highest)]}  # the lines lie close together
    number = published.TUNING_FIGURES[name]
    theirs = FINAL_ITERATIONS if name == "final" else TUNING_ITERATIONS
    length = f"{tuned.iterations:,} iterations"
    other = f" instead of the paper's {theirs:,}" if tuned.iterations != theirs else ""
    return {
        "title": f"Figure {number}: {TUNING_TITLES[name]}, {length}",
        "caption": f"{_winners(tuned.lines)} Runs of {length}{other}, one seed.".strip(),
        "data": data,
        "layout": layout,
    }


def _winners(lines: Mapping[float, Column]) -> str:
    """Which line is highest at how many of the ratios that all of them have."""
    ratios = set.intersection(*(set(column) for column in lines.values()))
    highest = Counter(
        max(lines, key=lambda value: lines[value][ratio].mean("combined"))
        for ratio in sorted(ratios)
    )
    counts = ", ".join(f"{value:g} at {count}" for value, count in highest.most_common())
    return f"The highest: {counts} of {len(ratios)} ratios." if counts else ""


def _best_text(whose: str, column: Column, unit: str = "real") -> str:
    place = best(column, "combined")
    return f"{whose} is best at {place}% {unit}: {percent(column[place].mean('combined'))}."


def _combined_level(value: float, name: str, dash: str, *, right: bool = False) -> style.Trace:
    """A horizontal line in Figure 13, in the colour of the combined score."""
    colour = style.COLOURS["combined"]
    return style.level(value, name, SPLIT_ENDS, colour=colour, dash=dash, right=right)


def _layout(axis: dict, title: str) -> dict:
    return {"xaxis": axis, "yaxis": style.accuracy_axis(title), "hovermode": "x unified"}


def _line(score: str, column: Column, *, name: str, dash: str = "solid") -> style.Trace:
    """Means over the seeds; with several seeds, error bars of one standard deviation."""
    bars = style.error_bars(score, [scores.deviation(score) for scores in column.values()])
    means = [scores.mean(score) for scores in column.values()]
    return style.line(score, list(column), means, name=name, dash=dash, **bars)
