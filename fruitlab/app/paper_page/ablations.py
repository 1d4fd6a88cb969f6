"""Ablations of what the paper leaves unclear: tables and conclusions."""

import math
from collections.abc import Sequence
from functools import partial

import streamlit as st

from fruitlab.config.text import percent
from fruitlab.data import store
from fruitlab.runs.entry import Entry
from fruitlab.studies import ablation_conclusions, ablation_results, published
from fruitlab.studies.ablation_results import WITHIN, Row, SwitchRow, Table
from fruitlab.studies.ablations import CHOSEN, EARLY, FULL_LENGTH, RATIO, Ablation, AblationSet

BASELINE, ADOPTED = "▸ ", "★ "


def show(entries: Sequence[Entry]) -> None:
    """All three sets of ablations, with their results or the command that trains them."""
    st.markdown(
        "The formulas of *bn_momentum* and of the momentum term, and the scale of the L2 penalty,"
        " are missing from the paper's text. Each ablation changes one thing in version 1 of the"
        " paper preset, at 60% real. They are compared by training loss, so no test picture has a"
        " part in the choice."
    )
    _early(entries)
    _full_length(entries)
    _switch(entries)


def _early(entries: Sequence[Entry]) -> None:
    found = ablation_results.tables(entries, partial(ablation_results.rows, EARLY))
    if not found:
        with st.expander("The ablations, and how to train them"):
            listed = [{"ablation": one.title, "section": one.section} for one in EARLY.ablations]
            _table(listed)
        _command(EARLY)
        return
    table = max(found, key=lambda table: len(table.rows))
    _show(table.rows)
    legend, texts = "", []
    if faster := ablation_conclusions.faster(table.rows):
        legend = f"{BASELINE}is the baseline that the others change. "
        loss = f"{faster.baseline.loss:.3f}"
        counts = {0: "No ablation learns", 1: "1 ablation learns"}
        count = counts.get(faster.count, f"{faster.count} ablations learn")
        texts.append(f"{count} faster than version 1, whose training loss is {loss}.")
        if faster.chosen:
            texts.append(
                f"**Version 2 of the preset adopted “{CHOSEN.title}”**, the fastest one that the"
                " text allows."
            )
        texts += [f"Not adopted: “{one.title}”, as {one.against}." for one in faster.refused]
    if any(row.ablation == CHOSEN for row in table.rows):
        legend += f"{ADOPTED}is the one that version 2 adopted. "
    if texts:
        st.markdown(" ".join(texts))
    baseline = math.log(table.categories or published.CATEGORIES)
    theirs = published.TABLE2[RATIO]
    st.caption(
        f"{legend}On {table.data}, after {table.iterations:,} of the paper's"
        f" {published.ITERATIONS:,} iterations, one seed. The loss is the mean cross entropy (nats)"
        f" over the last stretch of training; the random baseline has {baseline:.2f}. After all"
        f" iterations the paper has {percent(theirs['nice'])} nice and {percent(theirs['real'])}"
        " real."
    )
    _command(EARLY, table.data)


def _full_length(entries: Sequence[Entry]) -> None:
    found = [
        table
        for table in ablation_results.tables(entries, partial(ablation_results.rows, FULL_LENGTH))
        if table.iterations == published.ITERATIONS
    ]
    if not found:
        return
    table = max(found, key=lambda table: len(table.rows))
    st.subheader("At full length", anchor="length")
    theirs = published.TABLE2[RATIO]
    st.markdown(
        "An ablation that learns faster at first may end elsewhere. After"
        f" {table.iterations:,} iterations at {RATIO}% real the paper has"
        f" {percent(theirs['nice'])} nice and {percent(theirs['real'])} real, each its best over"
        " training."
    )
    _show(table.rows)
    # Drawn pictures say nothing about the paper's photos.
    if table.kind == "photographs" and (text := _real_gap(table)):
        st.markdown(text)
    baseline = any(not row.ablation.changes for row in table.rows)
    legend = f"{BASELINE}is the baseline that the others change. " if baseline else ""
    st.caption(f"{legend}On {table.data}, one seed, last iteration.")
    _command(FULL_LENGTH, table.data)


def _real_gap(table: Table) -> str:
    gap = ablation_conclusions.real_gap(table.rows, table.entries)
    if gap is None:
        return ""
    texts = [
        f"**No ablation reaches the paper's {percent(gap.paper)} of real photos**; the highest is"
        f" {percent(gap.best)}."
    ]
    if row := gap.fits_better:
        texts.append(
            f"More training does not close the gap: “{row.ablation.title}” has a training loss of"
            f" {row.loss:.2f} instead of {gap.baseline.loss:.2f}, but recognizes only"
            f" {percent(row.real)} of the real test photos."
        )
    if gap.augmented:
        preset, real = gap.augmented
        texts.append(
            f"The preset {preset}, with augmentation, reaches {percent(real)} on the same photos."
        )
    return " ".join(texts)


def _switch(entries: Sequence[Entry]) -> None:
    st.subheader("At the switch to restricted training", anchor="switch")
    st.markdown(
        "Are the convolutions' running statistics updated with the real pictures, and do the"
        " schedules of learning rate and momentum restart? The text does not say. It reports that"
        f" nice accuracy falls from about 95% to {100 * ablation_results.FALLEN:.0f}% within"
        f" {WITHIN} iterations."
    )
    found = ablation_results.tables(entries, ablation_results.switch_rows)
    if not found:
        _command_of("switch")
        return
    table = max(found, key=lambda table: (len(table.rows), table.iterations))
    _table([_switch_cells(row) for row in table.rows])
    if text := _switch_choice(table.rows):
        st.markdown(text)
    st.caption(
        f"On {table.data}, switch at 50% of {table.iterations:,} iterations, one seed. The one"
        " nearest to the paper's fall comes first."
    )
    _command_of("switch", table.data)


def _switch_cells(row: SwitchRow) -> dict[str, str]:
    nice, real = (list(map(percent, values)) for values in (row.nice, row.real))
    return {
        "ablation": row.ablation.title,
        "nice at switch": nice[0],
        f"after {WITHIN}": nice[1],
        "at end": nice[2],
        "real at switch": real[0],
        "real at end": real[2],
    }


def _switch_choice(rows: Sequence[SwitchRow]) -> str:
    choice = ablation_conclusions.switch_choice(rows)
    if choice is None:
        return ""
    text = (
        f"**{choice.falling} of {choice.count} forget as fast as the paper's network. Only in"
        f" “{choice.chosen.ablation.title}” does real accuracy rise as well, as in the paper"
        " (5.3.3).**"
    )
    if row := choice.standstill:
        text += (
            " Where the schedules continue, the steps are too small to learn (real: from"
            f" {percent(row.real[0])} to {percent(row.real[2])}), so the updated statistics alone"
            " cause the forgetting."
        )
    return text


def _show(rows: Sequence[Row]) -> None:
    cells = [
        {
            "ablation": _marked(row.ablation),
            "section": row.ablation.section,
            "training loss": f"{row.loss:.3f}" if row.loss < math.inf else "diverged",
            "nice": percent(row.nice),
            "real": percent(row.real),
            "combined": percent(row.combined),
        }
        for row in rows
    ]
    _table(cells)


def _table(rows: list[dict[str, str]]) -> None:
    """A plain table: unlike a data frame it wraps its first column on a narrow screen."""
    st.table(rows, border="horizontal", hide_index=True)


def _marked(ablation: Ablation) -> str:
    """The title, with the signs that the legend explains."""
    if not ablation.changes:
        return f"{BASELINE}{ablation.title}"
    return f"{ADOPTED}{ablation.title}" if ablation == CHOSEN else ablation.title


def _command(of: AblationSet, data: str = "") -> None:
    _command_of(of.name, data)


def _command_of(study: str, data: str = "") -> None:
    """The command that trains a set: on that data, or on a person's own if it is not here."""
    where = data if data and store.is_available(data) else "NAME --dry-run"
    st.code(f"python -m fruitlab study {study} --data {where}", language=None, wrap_lines=True)
