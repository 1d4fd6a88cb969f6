"""Figures 8 to 14 of the paper, redrawn from our runs, with the paper's numbers as hollow marks where its text gives them."""

from collections.abc import Mapping, Sequence

from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import SCORES
from fruitlab.metrics.series import Forgetting
from fruitlab.plots import style as marks
from fruitlab.plots.comparison import style, tinted
from fruitlab.plots.figures import Figure, forgetting
from fruitlab.studies import published
from fruitlab.studies.findings import Column
from fruitlab.studies.plans import RATIOS, SPLITS

RATIO_AXIS = marks.axis("share of the real training set (%)", range=[-3, 103], dtick=10)
SPLIT_AXIS = marks.axis("initial training (% of the iterations)", range=[7, 93], dtick=10)


def mixed(ours: Column, *, top: int, categories: int) -> Figure:
    """Figure 11 (top 1) or 12 (top 3): accuracies over the mixing ratio, with the paper's."""
    figure = 11 if top == 1 else 12
    data = [_line(mark, ours, name=mark) for mark in SCORES] if ours else []
    if top == 1:
        data += [
            marks.paper(mark, RATIOS, [published.TABLE2[ratio][mark] for ratio in RATIOS])
            for mark in SCORES
        ]
    else:
        data.append(marks.paper("combined", [published.BEST_TOP3[0]], [published.BEST_TOP3[1]]))
    data.append(marks.chance(categories, (0.0, 100.0), top=top))
    theirs = published.BEST_TOP1 if top == 1 else published.BEST_TOP3
    reading = f"The paper's combined score is best at {theirs[0]} % real: {percent(theirs[1])}."
    if ours:
        best = max(ours, key=lambda ratio: ours[ratio].mean("combined"))
        reading = (
            f"Ours is best at {best} % real: {percent(ours[best].mean('combined'))}. {reading}"
        )
    if top == 3:
        reading += " No other number of this figure is in the paper's text."
    return {
        "title": f"Figure {figure}: mixed training, top-{top}",
        "reading": reading,
        "data": data,
        "layout": {
            "xaxis": RATIO_AXIS,
            "yaxis": marks.accuracy_axis(f"top-{top} accuracy"),
            "hovermode": "x unified",
        },
    }


def iterative(ours: Mapping[str, Column], *, categories: int, best_mixed: float | None) -> Figure:
    """Figure 13: accuracies over the split; of several ways with the statistics, each with a line of its own."""
    data, told = [], []
    for place, (norms, column) in enumerate(ours.items()):
        name = f", {norms}" if len(ours) > 1 else ""
        data += [
            _line(mark, column, name=f"{mark}{name}", dash=marks.DASHES[place]) for mark in SCORES
        ]
        best = max(column, key=lambda split: column[split].mean("combined"))
        told.append(
            f"Ours{name and f' (statistics {norms})'} is best at {best} %: {percent(column[best].mean('combined'))}."
        )
    ends = (float(SPLITS[0]), float(SPLITS[-1]))
    green = marks.COLOURS["combined"]
    data.append(
        marks.level(
            published.ITERATIVE_BELOW,
            "paper: combined always below",
            ends,
            colour=green,
            dash="dash",
            right=False,
        )
    )
    if best_mixed is not None:
        data.append(
            marks.level(
                best_mixed,
                "best mixed run, combined",
                ends,
                colour=green,
                dash="longdash",
                right=False,
            )
        )
    data.append(marks.chance(categories, ends))
    return {
        "title": "Figure 13: iterative training, top-1",
        "data": data,
        "reading": " ".join(
            [
                *told,
                f"The paper: always below {percent(published.ITERATIVE_BELOW)}; it gives no other number.",
            ]
        ),
        "layout": {
            "xaxis": SPLIT_AXIS,
            "yaxis": marks.accuracy_axis("top-1 accuracy"),
            "hovermode": "x unified",
        },
    }


def restricted(curves: Sequence[Forgetting], *, categories: int) -> Figure:
    """Figure 14: both accuracies over restricted training of the 50 % split, with the two points of nice accuracy that the paper gives."""
    figure = forgetting(curves, top=1, categories=categories if curves else None)
    figure["data"].append(
        marks.paper("nice", list(published.FORGOTTEN), list(published.FORGOTTEN.values()))
    )
    if not curves:
        figure["data"].append(marks.chance(categories, (0.0, 300.0)))
        figure["layout"]["xaxis"] |= {"range": [-10, 310]}
    start, end = published.FORGOTTEN.values()
    theirs = f"The paper: nice from about {percent(start)} to {percent(end)} within 200 iterations."
    return figure | {
        "title": "Figure 14: restricted training of the 50 % split",
        "reading": f"{figure['reading']} {theirs}".strip(),
    }


def tuning(number: int, lines: Mapping[str, Mapping[int, float]]) -> Figure:
    """Figures 8 to 10: combined score over the ratio, a line for each learning rate or L2 factor."""
    data = []
    for place, (name, runs) in enumerate(lines.items()):
        dash, tint = style(place)
        trace = marks.line("combined", list(runs), list(runs.values()), name=name, dash=dash)
        colour = tinted(marks.COLOURS["combined"], tint)
        trace["line"] |= {"color": colour, "width": 2}
        trace["marker"] |= {"color": colour}
        data.append(trace)
    title, theirs = published.TUNING[number]
    return {
        "title": f"Figure {number}: {title}",
        "reading": f"{_winners(lines)} The paper: {theirs[0].lower()}{theirs[1:]}",
        "data": data,
        "layout": {
            "xaxis": RATIO_AXIS,
            "yaxis": marks.accuracy_axis("best combined, top-1"),
            "hovermode": "x unified",
        },
    }


def _winners(lines: Mapping[str, Mapping[int, float]]) -> str:
    """Which line is the highest at how many ratios."""
    ratios = sorted(set().union(*lines.values()))
    wins = {
        name: sum(
            max(lines, key=lambda one: lines[one].get(ratio, -1.0)) == name for ratio in ratios
        )
        for name in lines
    }
    told = [
        f"{name} at {count}"
        for name, count in sorted(wins.items(), key=lambda pair: -pair[1])
        if count
    ]
    return f"Highest of the {len(ratios)} ratios here: {', '.join(told)}."


def _line(mark: str, column: Column, *, name: str, dash: str = "solid") -> marks.Trace:
    """Means with the spread over seeds as bars, where there are several."""
    bars = marks.bars(mark, [scores.deviation(mark) for scores in column.values()])
    return marks.line(
        mark,
        list(column),
        [scores.mean(mark) for scores in column.values()],
        name=name,
        dash=dash,
        **bars,
    )
