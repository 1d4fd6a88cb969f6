"""Tables 1 and 2 of the paper, with ours beside the paper's."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import SCORES
from fruitlab.models import table1 as network
from fruitlab.plots import style
from fruitlab.studies import published
from fruitlab.studies.scores import PAPER, Column, Scores

HEADS = {
    "last": "Ours, last iteration",
    "best": "Ours, best per column",
    "paper": "The paper, best per column",
}
CSS = """<style>
.fl-table { overflow-x: auto; }
.fl-table table {
  border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
.fl-table th { font-weight: 500; }
.fl-table :is(th, td) {
  padding: .3rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
.fl-table thead tr:first-child th { text-align: center; }
.fl-table .first { border-left: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
.fl-table b { font-weight: 700; }
.fl-table small { opacity: .7; }
.fl-table.text tr:is(tr, :first-child) :is(th, td) { text-align: left; }
.fl-table :is(th, td):first-child { position: sticky; left: 0; background: var(--fl-ground); }
</style>"""


def table2(last: Column, best: Column) -> None:
    """Table 2 (5.3.2): mean and deviation over seeds of ours beside the paper's, with a download.

    Args:
        last: scores of our mixed runs after the last iteration.
        best: the best of each score over training.
    """
    columns = {"last": last, "best": best, "paper": PAPER}
    columns = {part: column for part, column in columns.items() if column}
    ratios = sorted(set().union(*columns.values()))
    highest = {
        (part, score): max(scores.mean(score) for scores in column.values())
        for part, column in columns.items()
        for score in SCORES
    }
    groups = "".join(f'<th colspan="3" class="first">{HEADS[part]}</th>' for part in columns)
    names = "".join(_score_head(score) for _ in columns for score in SCORES)
    rows = []
    for ratio in ratios:
        cells = (
            _cell(column.get(ratio), score, highest[part, score])
            for part, column in columns.items()
            for score in SCORES
        )
        rows.append(f"<tr><td>{ratio}%</td>{''.join(cells)}</tr>")
    _show(
        f"<thead><tr><th></th>{groups}</tr><tr><th>real</th>{names}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody>"
    )
    st.download_button(
        "Download as CSV",
        lambda: table2_csv(ratios, columns),
        "table2.csv",
        "text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def _score_head(score: str) -> str:
    shape = f'<span style="color:{style.COLOURS[score]}">{style.SHAPES[score]}</span>'
    return f"<th{_edge(score)}>{shape} {score}</th>"


def _cell(scores: Scores | None, score: str, highest: float) -> str:
    if scores is None:
        return f"<td{_edge(score)}>—</td>"
    value, deviation = scores.mean(score), scores.deviation(score)
    text = f"<b>{percent(value)}</b>" if value == highest else percent(value)
    spread = "" if deviation is None else f" <small>± {100 * deviation:.1f}</small>"
    return f"<td{_edge(score)}>{text}{spread}</td>"


def _edge(score: str) -> str:
    """The first column of each group has a line at its left."""
    return ' class="first"' if score == SCORES[0] else ""


def table2_csv(ratios: Sequence[int], columns: Mapping[str, Column]) -> str:
    """Table 2 as CSV, accuracies as fractions of one."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    heads = (
        f"{part} {score}{more}"
        for part in columns
        for score in SCORES
        for more in ("", " deviation", " seeds")
    )
    writer.writerow(["ratio", *heads])
    for ratio in ratios:
        row: list[object] = [ratio]
        for column in columns.values():
            for score in SCORES:
                row += _csv_cells(column.get(ratio), score)
        writer.writerow(row)
    return text.getvalue()


def _csv_cells(scores: Scores | None, score: str) -> list[object]:
    if scores is None:
        return ["", "", ""]
    deviation = scores.deviation(score)
    return [scores.mean(score), "" if deviation is None else deviation, len(scores.nice)]


def table1() -> None:
    """Table 1 (2): the network, with its layers and parameters counted."""
    heads = ("layer", "parameters (Table 1)", "output size", "layers", "trained parameters")
    *rows, total = map(_table1_cells, network.rows())
    lines = [*rows, [f"<b>{text}</b>" for text in total]]
    body = "".join(f"<tr>{_cells('td', line)}</tr>" for line in lines)
    with st.expander("Table 1: the network", icon=":material/layers:"):
        _show(f"<thead><tr>{_cells('th', heads)}</tr></thead><tbody>{body}</tbody>", "text")
        st.caption(
            f"FruitLab's network has the output sizes and the {published.LAYERS} layers of the"
            f" paper's; the 1x1 shortcut projections of the change blocks are not counted. The"
            f" paper gives one number of parameters, {published.FIRST_PARAMETERS} for the first"
            " layer."
        )


def _table1_cells(row: Mapping[str, Any]) -> list[str]:
    counts = [f"{row[name]:,}" if row[name] else "" for name in ("layers", "parameters")]
    return [row["layer"], row["parameters_of"], row["output"], *counts]


def _cells(tag: str, texts: Sequence[str]) -> str:
    return "".join(f"<{tag}>{text}</{tag}>" for text in texts)


def _show(table: str, kind: str = "") -> None:
    """A table as HTML that scrolls sideways under its first column on a narrow screen."""
    theme = st.context.theme.type or "light"
    ground = st.get_option(f"theme.{theme}.backgroundColor") or "transparent"
    st.html(
        f'{CSS}<div class="fl-table {kind}" tabindex="0" style="--fl-ground:{ground}">'
        f"<table>{table}</table></div>"
    )
