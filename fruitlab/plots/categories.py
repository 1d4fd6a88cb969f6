"""The accuracy of each category on both test sets, as a figure."""

from collections.abc import Mapping
from typing import Any

from fruitlab.config.text import percent
from fruitlab.plots import style
from fruitlab.plots.figures import Figure
from fruitlab.plots.style import Trace

# Above and below the row of a category, so that no interval hides the other.
OFFSETS = {"nice": 0.17, "real": -0.17}
HARDEST = 3  # categories that the caption names


def per_category(scores: Mapping[str, Any], *, top: int) -> Figure:
    """One row for each category, the hardest on real pictures at the top, with 95% intervals.

    Args:
        scores: ``{"nice": {"per_category": {category: row}}, "real": ...}``, where a row has
            ``pictures``, ``top1``, ``top1_interval`` and so on (`metrics.accuracy.table_scores`).
        top: 1 or 3, for top-1 or top-3 accuracy.
    """
    name = f"top{top}"
    rows = {domain: scores[domain]["per_category"] for domain in OFFSETS}
    order = sorted(
        rows["real"].keys() | rows["nice"].keys(),
        key=lambda category: (rows["real"].get(category, {}).get(name, -1.0), category),
        reverse=True,
    )
    hardest = [
        f"{category} {percent(rows['real'][category][name])}"
        for category in reversed(order)
        if category in rows["real"]
    ]
    return {
        "title": f"Top-{top} accuracy of each category",
        "caption": f"Hardest in real photos: {', '.join(hardest[:HARDEST])}. "
        "Lines are 95% intervals (Wilson).",
        "data": [_trace(domain, rows[domain], order, name) for domain in OFFSETS],
        "layout": {
            "xaxis": style.axis(f"top-{top} accuracy", tickformat=".0%", range=[-0.01, 1.02]),
            "yaxis": style.axis(
                "",
                tickvals=list(range(len(order))),
                ticktext=order,
                range=[-0.7, len(order) - 0.3],
                zeroline=False,
            ),
            "hovermode": "closest",
        },
    }


def _trace(domain: str, rows: Mapping[str, Any], order: list[str], name: str) -> Trace:
    shown = [(y, category, rows[category]) for y, category in enumerate(order) if category in rows]
    values = [row[name] for _, _, row in shown]
    intervals = [row[f"{name}_interval"] for _, _, row in shown]
    pairs = list(zip(values, intervals, strict=True))
    interval = "95%: %{customdata[0]:.1%} to %{customdata[1]:.1%}"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": domain,
        "x": values,
        "y": [y + OFFSETS[domain] for y, _, _ in shown],
        "marker": {"color": style.COLOURS[domain], "symbol": style.SYMBOLS[domain], "size": 9},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [high - value for value, (_, high) in pairs],
            "arrayminus": [value - low for value, (low, _) in pairs],
            "color": style.faded(style.COLOURS[domain], 0.45),
            "thickness": 2,
            "width": 0,
        },
        "customdata": [
            [*row[f"{name}_interval"], row["pictures"], category] for _, category, row in shown
        ],
        "hovertemplate": f"%{{customdata[3]}}: %{{x:.1%}} ({interval}, %{{customdata[2]}} pictures)"
        f"<extra>{domain}</extra>",
    }
