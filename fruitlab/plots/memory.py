"""The figure of how few kept pictures are enough, from plain numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fruitlab.config.text import percent
from fruitlab.plots import style
from fruitlab.plots.figures import Figure

LOOKS = (("solid", "square"), ("dash", "square-open"), ("dashdot", "star"), ("dot", "star-open"))


@dataclass(frozen=True)
class MemoryLine:
    """Runs with memories of growing size.

    Attributes:
        name: such as "all layers, 10% of a batch".
        points: nice pictures kept per category -> (nice, real, combined) as fractions of one,
            means over the seeds, and the combined score's deviation, None with one seed.
    """

    name: str
    points: Mapping[int, tuple[float, float, float, float | None]]


def memory(lines: Sequence[MemoryLine], mixed: tuple[str, float] | None) -> Figure:
    """Combined performance over the number of nice pictures kept per category.

    Args:
        lines: at most four.
        mixed: name and combined performance of the best mixed runs, for a reference line.
    """
    sizes = sorted({size for line in lines for size in line.points})
    places = {size: place for place, size in enumerate(sizes)}
    data = []
    for line, (dash, symbol) in zip(lines, LOOKS, strict=False):
        points = sorted(line.points.items())
        trace = style.line(
            "combined",
            [places[size] for size, _ in points],
            [combined for _, (_, _, combined, _) in points],
            name=line.name,
            dash=dash,
            **style.error_bars("combined", [deviation for _, (*_, deviation) in points]),
        )
        trace["marker"] |= {"symbol": symbol, "size": 9}
        trace["text"] = [
            f"nice {percent(nice)}, real {percent(real)}" for _, (nice, real, *_) in points
        ]
        trace["hovertemplate"] = f"%{{y:.1%}} (%{{text}})<extra>{line.name}</extra>"
        data.append(trace)
    ends = (0.0, float(max(1, len(sizes) - 1)))
    if mixed is not None:
        data.append(style.level(mixed[1], mixed[0], ends, dash="longdash", right=False))
    axis = style.axis(
        "nice pictures kept per category",
        tickvals=list(places.values()),
        ticktext=[str(size) for size in sizes],
        range=[-0.3, ends[1] + 0.3],
    )
    return {
        "title": "Combined performance by nice pictures kept",
        "caption": _caption(lines, mixed),
        "data": data,
        "layout": {
            "xaxis": axis,
            "yaxis": style.accuracy_axis("combined performance", rangemode="tozero"),
            "hovermode": "x unified",
        },
    }


def _caption(lines: Sequence[MemoryLine], mixed: tuple[str, float] | None) -> str:
    best = max(lines, key=lambda line: max(point[2] for point in line.points.values()))
    size = max(best.points, key=lambda size: best.points[size][2])
    top = best.points[size][2]
    text = (
        f"The best result is {percent(top)} with {size} nice pictures kept per category "
        f"({best.name})."
    )
    if mixed is not None and (fewest := _fewest(lines, mixed[1])):
        text += f" The fewest that reach mixed training: {fewest[1]} ({fewest[0]})."
    if any(point[3] is not None for line in lines for point in line.points.values()):
        text += " Error bars: standard deviation over seeds."
    return text


def _fewest(lines: Sequence[MemoryLine], level: float) -> tuple[str, int] | None:
    """The line and the smallest size with at least this combined performance."""
    enough = [
        (size, line.name)
        for line in lines
        for size, point in line.points.items()
        if point[2] >= level
    ]
    return (min(enough)[1], min(enough)[0]) if enough else None
