"""Line charts with bands, as SVG files for the documentation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind people can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
# Text is kept as text, and equal data gives equal files.
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "fruitlab", "font.size": 9}


@dataclass(frozen=True)
class Series:
    """A curve: points (x, mean, lowest, highest), ascending in x."""

    name: str
    points: Sequence[tuple[float, float, float, float]]


def line_chart(series: Sequence[Series], *, x: str, y: str) -> "Figure":
    """A chart with a logarithmic x axis and a y axis from 0 to 1. The legend has the last means."""
    from matplotlib.figure import Figure  # takes a second to import
    from matplotlib.ticker import LogLocator, StrMethodFormatter

    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", xlabel=x, ylabel=y, ylim=(0, 1))
    for number, one in enumerate(series):
        if one.points:
            places, means, lowest, highest = zip(*one.points, strict=True)
            colour = COLOURS[number % len(COLOURS)]
            axes.fill_between(places, lowest, highest, color=colour, alpha=0.18, linewidth=0)
            axes.plot(places, means, color=colour, label=f"{one.name}: {means[-1]:.3f}")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.minorticks_off()
    axes.grid(axis="y", color="#dddddd")
    axes.spines[["top", "right"]].set_visible(False)
    if axes.lines:
        figure.legend(loc="outside right center", frameon=False)
    return figure


def save(figure: "Figure", path: Path) -> None:
    """Writes an SVG file. Raises OSError."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        figure.savefig(path, format="svg", metadata={"Date": None})
