"""Results on both test sets as points of a plot: nice accuracy to the right, real accuracy up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import combined
from fruitlab.plots import style
from fruitlab.plots.style import Trace


@dataclass(frozen=True)
class Point:
    """A result on both test sets.

    Attributes:
        nice, real: accuracies, fractions of one.
        about: what hovering says before the accuracies; a new line begins at each " · ".
        label: text beside the point; may be empty.
        key: what a click reports; None makes the point insensitive.
        deviations: standard deviations over seeds of nice and real accuracy; None with one seed.
    """

    nice: float
    real: float
    about: str = ""
    label: str = ""
    key: str | None = None
    deviations: tuple[float | None, float | None] = (None, None)

    @property
    def combined(self) -> float:
        """Combined performance."""
        return float(combined(self.nice, self.real))


@dataclass(frozen=True)
class Trajectory:
    """The points that a run went through, or any other path.

    Attributes:
        name: legend entry.
        method: the one whose colour and marker it has; None for grey.
        points: in order.
    """

    name: str
    method: str | None
    points: Sequence[Point]


def scatter(name: str, points: Sequence[Point]) -> Trace:
    """A trace of points with their texts, without markers and lines."""
    return {
        "type": "scatter",
        "name": style.escaped(name),
        "x": [point.nice for point in points],
        "y": [point.real for point in points],
        "customdata": [point.key for point in points],
        "hovertext": [_hover(point) for point in points],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "hoverlabel": {"align": "left"},
    }


def _hover(point: Point) -> str:
    return "<br>".join(
        (
            style.escaped(point.about).replace(" · ", "<br>"),
            f"nice {_with(point, 0)}, real {_with(point, 1)}",
            f"{percent(point.combined)} combined",
        )
    )


def _with(point: Point, axis: int) -> str:
    """An accuracy with its deviation over seeds."""
    value, deviation = (point.nice, point.real)[axis], point.deviations[axis]
    return percent(value) + (f" ± {100 * deviation:.1f}" if deviation is not None else "")


def spread(points: Sequence[Point], colour: str) -> dict[str, Any]:
    """Error bars in both directions; empty for points of one seed."""
    if all(deviation is None for point in points for deviation in point.deviations):
        return {}
    return {
        f"error_{axis}": {
            "type": "data",
            "array": [point.deviations[place] or 0.0 for point in points],
            "color": colour,
            "thickness": 1,
            "width": 2,
        }
        for place, axis in enumerate("xy")
    }
