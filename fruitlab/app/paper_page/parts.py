"""Parts of the Paper page: its headline, verdicts as cards, Table 2 with ours beside the paper's, Table 1 as the network has it."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable

import streamlit as st

from fruitlab.config.paths import PROJECT
from fruitlab.config.text import percent
from fruitlab.metrics.accuracy import SCORES
from fruitlab.plots import style
from fruitlab.studies import findings, published, reproduction
from fruitlab.studies.findings import Column, Scores, Verdict
from fruitlab.studies.reproduction import Reproduction

BADGES = {
    findings.HOLDS: (":material/check:", "primary"),
    findings.PARTLY: (":material/contrast:", "primary"),
    findings.FAILS: (":material/close:", "grey"),
    findings.CLOSE: (":material/balance:", "grey"),
    findings.NOT_YET: (":material/hourglass_empty:", "grey"),
}
PARTS = ("last", "best", "paper")
HEADS = {
    "last": "Ours, last iteration",
    "best": "Ours, best per column",
    "paper": "The paper, best per column",
}
_STYLE = """<style>
.fl-table { overflow-x: auto; } .fl-table table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
.fl-table th { font-weight: 500; } .fl-table th, .fl-table td { padding: .3rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
.fl-table thead tr:first-child th { text-align: center; }
.fl-table .first { border-left: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
.fl-table b { font-weight: 700; } .fl-table small { opacity: .7; } .fl-table.text tr:is(tr, :first-child) :is(th, td) { text-align: left; }
.fl-table :is(th, td):first-child { position: sticky; left: 0; background: var(--fl-ground); }
</style>"""


def headline(one: Reproduction) -> None:
    """The best combined scores in large type, last and best, with the paper's; before them what guessing gets."""
    guessing = (
        f"Guessing would get {1 / one.first.categories:.1%}: there are {one.first.categories} categories."
        if one.first.categories
        else ""
    )
    st.caption(
        f"Ours: {one.name}, {'one seed' if one.seeds == 1 else f'up to {one.seeds} seeds'}. Accuracies are on all test pictures. {guessing}"
    )
    if not one.mixed:
        return
    with st.container(horizontal=True, gap="medium"):
        for title, column, theirs, help in (
            (
                "Combined, last iteration",
                reproduction.last(one.mixed),
                None,
                "Combined performance, the root of nice times real accuracy, at "
                "the best ratio. Only the ratio was chosen by it.",
            ),
            (
                "Combined, best over training",
                reproduction.best(one.mixed),
                published.BEST_TOP1,
                "Top-1 as in the paper's Table 2: of every run the "
                "best iteration, selected on the test pictures.",
            ),
            (
                "Top-3, last iteration",
                reproduction.last(one.mixed, 3),
                None,
                "Combined performance where the right one among the first three "
                "counts, at the best ratio.",
            ),
            (
                "Top-3, best over training",
                reproduction.best(one.mixed, 3),
                published.BEST_TOP3,
                "Top-3, of every run the best iteration.",
            ),
        ):
            if column:
                ratio = findings.best(column, "combined")
                value = column[ratio].mean("combined")
                against = f"at {ratio} % real" + (
                    f" · paper {theirs[1]:.1%} at {theirs[0]} %" if theirs else ""
                )
                st.metric(
                    title,
                    percent(value),
                    against,
                    delta_color="off",
                    delta_arrow="off",
                    width="content",
                    help=help,
                )


def verdict(title: str, claim: str, theirs: str, found: Verdict, theirs_by_rule: str = "") -> None:
    """A card: what is claimed, what the paper found, what comes out here and by which rule; what the rule makes of the paper's own numbers."""
    icon, colour = BADGES[found.status]
    with st.container(border=True, height="stretch"):
        st.badge(f"here: {found.status}", icon=icon, color=colour)
        st.markdown(f"**{title}**")
        if claim:
            st.caption(f"“{claim}”")
        st.markdown(f"**Here:** {found.said}\n\n**The paper:** {theirs}")
        st.caption(
            f"Rule: {found.rule}"
            + (
                f" The paper's own numbers by this rule: {theirs_by_rule}."
                if theirs_by_rule
                else ""
            )
        )


def table2(last: Column, best: Column) -> None:
    """Table 2 (5.3.2): ours, mean and spread over seeds, beside the paper's. Where we have none, the paper's alone."""
    columns = {"last": last, "best": best, "paper": findings.PAPER}
    parts = [part for part in PARTS if columns[part]]
    ratios = sorted(set().union(*(columns[part] for part in parts)))
    highest = {
        (part, score): max(column.mean(score) for column in columns[part].values())
        for part in parts
        for score in SCORES
    }
    head = "".join(f'<th colspan="3" class="first">{HEADS[part]}</th>' for part in parts)
    names = "".join(
        f'<th class="{"first" if score == "nice" else ""}"><span style="color:{style.COLOURS[score]}">{style.SHAPES[score]}</span> '
        f"{score}</th>"
        for _ in parts
        for score in SCORES
    )
    cells = {
        ratio: "".join(
            _cell(columns[part].get(ratio), score, highest[part, score])
            for part in parts
            for score in SCORES
        )
        for ratio in ratios
    }
    rows = "".join(f"<tr><td>{ratio} %</td>{cells[ratio]}</tr>" for ratio in ratios)
    ground = (
        st.get_option(f"theme.{st.context.theme.type or 'light'}.backgroundColor") or "transparent"
    )
    st.html(
        f'{_STYLE}<div class="fl-table" tabindex="0" style="--fl-ground:{ground}"><table><thead><tr><th></th>{head}</tr>'
        f"<tr><th>real</th>{names}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    st.download_button(
        "Download as CSV",
        lambda: _csv(ratios, {part: columns[part] for part in parts}),
        "table2.csv",
        "text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def _cell(scores: Scores | None, score: str, highest: float) -> str:
    edge = ' class="first"' if score == "nice" else ""
    if scores is None:
        return f"<td{edge}>—</td>"
    value, spread = scores.mean(score), scores.deviation(score)
    text = f"<b>{percent(value)}</b>" if value == highest else percent(value)
    return (
        f"<td{edge}>{text}{'' if spread is None else f' <small>± {100 * spread:.1f}</small>'}</td>"
    )


def _csv(ratios: list[int], columns: dict[str, Column]) -> str:
    """As fractions of one."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "ratio",
            *(
                f"{part} {score}{more}"
                for part in columns
                for score in SCORES
                for more in ("", " deviation", " seeds")
            ),
        ]
    )
    for ratio in ratios:
        row: list[object] = [ratio]
        for column in columns.values():
            found = column.get(ratio)
            for score in SCORES:
                row += (
                    ["", "", ""]
                    if found is None
                    else [
                        found.mean(score),
                        "" if (d := found.deviation(score)) is None else d,
                        len(found.nice),
                    ]
                )
        writer.writerow(row)
    return text.getvalue()


@st.cache_data(show_spinner="Building the network …")
def _network() -> list[dict]:
    """Table 1's rows. In a process of its own: pages do without torch."""
    done = subprocess.run(
        [sys.executable, "-m", "fruitlab", "network", "--json"],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout)


def table1() -> None:
    """Table 1 (2), when it is opened: the network is built and run once, and its sizes stand beside the paper's."""
    there = st.expander(
        "Table 1: the network", icon=":material/layers:", key="table 1", on_change="rerun"
    )
    if not there.open:
        return
    with there:
        try:
            *rows, total = _network()
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            st.error(
                f"The network could not be built: {error}. `python -m fruitlab network` may say why.",
                icon=":material/error:",
            )
            return
        st.html(_network_table(rows, total))
        same = (
            all(
                row["output"] == theirs[2]
                for row, theirs in zip(rows, published.TABLE1, strict=True)
            )
            and total["layers"] == published.LAYERS
        )
        st.caption(
            f"Read off the network itself, by running it once with {published.CATEGORIES} categories. "
            + (
                f"Every output size is the paper's, and so is the number of layers, {published.LAYERS}: the 1x1 bridges of the change blocks are not "
                "counted."
                if same
                else "Not every number is the paper's."
            )
            + " Of parameters the paper gives only the first layer's, 608."
        )


def _network_table(rows: list[dict], total: dict) -> str:
    lines = [["layer", "what", "output, ours", "output, the paper", "layers", "parameters"]]
    for row, theirs in zip(rows, published.TABLE1, strict=True):
        counts = [f"{row[name]:,}" if row[name] else "" for name in ("layers", "parameters")]
        lines.append([row["layer"], row["parameters_of"], row["output"], theirs[2], *counts])
    lines.append(
        [
            f"<b>{text}</b>"
            for text in ("Total", "", "", "", str(total["layers"]), f"{total['parameters']:,}")
        ]
    )
    head, *body = (
        "".join(f"<{tag}>{text}</{tag}>" for text in line)
        for tag, line in zip(["th"] + ["td"] * len(lines), lines, strict=False)
    )
    return (
        f'{_STYLE}<div class="fl-table text" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>'
        f"{''.join(f'<tr>{line}</tr>' for line in body)}</tbody></table></div>"
    )


def small_print(one: Reproduction | None, last: Column, categories: int) -> None:
    """Where ours differs; limitations (7) and ours; where the paper contradicts itself."""
    if told := reproduction.differs(one, last):
        with st.expander(
            "Where ours differs from the paper's, and why", icon=":material/difference:"
        ):
            st.markdown("\n".join(f"- {text}" for text in told))
    with st.expander("Limitations: the paper's, and ours", icon=":material/report:"):
        st.markdown(
            "\n".join(
                [
                    "**The paper's** (section 7)",
                    "",
                    *(f"- {text}" for text in published.LIMITATIONS),
                    "",
                    "**Ours**",
                    "",
                    *(f"- {text}" for text in reproduction.limitations(one, categories)),
                ]
            )
        )
    with st.expander("Where the paper contradicts itself", icon=":material/rule:"):
        st.markdown("\n".join(f"- {text}" for text in published.CONTRADICTIONS))


def cards(made: list[Callable[[], None]]) -> None:
    """Cards beside one another."""
    for column, draw in zip(st.columns(len(made)), made, strict=True):
        with column:
            draw()
