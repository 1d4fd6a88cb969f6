"""Readings on the Paper page: which way to read what the text lost comes nearest, judged on the training loss."""

import math
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from fruitlab.config.text import percent
from fruitlab.data import store
from fruitlab.runs import sweeps
from fruitlab.runs.index import Entry
from fruitlab.studies import ablations, published

CLOSE = 0.05  # accuracies of single runs that are nearer to one another are not told apart


def show(entries: Sequence[Entry]) -> None:
    """A row for each reading that was trained; without any, what they are and how to train them."""
    st.header("Readings of what the text lost", anchor="readings")
    st.markdown(
        "The formulas of *bn_momentum* and of the momentum term, and the scale of the L2 penalty, are missing from the paper's text. Here each is "
        "read another way, one at a time, from version 1 of the recipe, at 60 % real; what the training loss comes to says how well the network "
        "learns by it. No test picture has a part in that."
    )
    tables = _tables(entries, ablations.rows)
    if not tables:
        with st.expander("The readings, and how to train them"):
            st.dataframe(
                [{"reading": one.title, "section": one.section} for one in ablations.READINGS],
                hide_index=True,
            )
        _command("readings")
    else:
        _table(tables)
    _length(entries)
    _switch(entries)


def _table(tables: dict[tuple, list[ablations.Row]]) -> None:
    (data, _, categories, iterations), rows = max(tables.items(), key=lambda item: len(item[1]))
    _show(rows)
    first = next((row for row in rows if not row.reading.changes), None)
    # At the precision that is printed: beyond that, another order of the same sums moves them.
    better = [
        row for row in rows if first is not None and round(row.loss, 3) < round(first.loss, 3)
    ]
    said = (
        ""
        if first is None
        else (
            " No other reading learns faster than version 1."
            if not better
            else f" {len(better)} learn{'s' if len(better) == 1 else ''} faster than version 1, which comes to {first.loss:.3f}."
        )
    )
    chosen = next((row for row in better if row.reading == ablations.CHOSEN), None)
    faster = [
        row.reading
        for row in rows
        if chosen is not None and round(row.loss, 3) < round(chosen.loss, 3)
    ]
    if chosen is not None and all(one.against for one in faster):
        refused = "; ".join(f"not “{one.title}”, as {one.against}" for one in faster)
        st.markdown(
            f"**Version 2 of the recipe took “{ablations.CHOSEN.title}”**: the fastest of those that the text allows"
            f"{' (' + refused + ')' if refused else ''}. “The first few iterations of training should allow the algorithm to move in the "
            "correct general direction” (3.3)."
        )
    taken = any(row.reading == ablations.CHOSEN for row in rows)
    legend = ("" if first is None else "▸ is where all others change one thing. ") + (
        "★ is the change that version 2 took. " if taken else ""
    )
    st.caption(
        f"{legend}On {data}, after {iterations:,} iterations of the paper's 3,000, one seed. The loss is the cross entropy (nats) over the last stretch of "
        f"training; guessing comes to {math.log(categories or 26):.2f}.{said} The paper itself ends at 44.5 % real and 94.5 % nice after 3,000."
    )
    _command("readings", data)


def _tables(
    entries: Sequence[Entry], rows_of: Callable[[list[tuple]], list[Any]]
) -> dict[tuple[str, str, int | None, int], list[Any]]:
    """{(data, its fingerprint, categories, iterations): rows} of the readings that `rows_of` finds among ended runs; one alone is no table."""
    groups: dict[tuple[str, str, int | None, int], list[tuple]] = {}
    for entry in entries:
        if entry.config is not None and entry.status in ("finished", "failed"):
            key = (
                entry.config.data,
                str(entry.data.get("fingerprint")),
                entry.categories,
                entry.config.iterations,
            )
            groups.setdefault(key, []).append((entry.config, entry))
    return {key: rows for key, pairs in groups.items() if len(rows := rows_of(pairs)) > 1}


def _show(rows: list[ablations.Row]) -> None:
    st.dataframe(
        [
            {
                "reading": _marked(row.reading),
                "section": row.reading.section,
                "training loss": f"{row.loss:.3f}" if row.loss < math.inf else "diverged",
                "nice": percent(row.nice),
                "real": percent(row.real),
                "combined": percent(row.combined),
            }
            for row in rows
        ],
        hide_index=True,
        height="content",
    )


def _marked(reading: ablations.Reading) -> str:
    """Its title, with the two that the text below speaks of marked."""
    return f"{'▸ ' if not reading.changes else '★ ' if reading == ablations.CHOSEN else ''}{reading.title}"


def _length(entries: Sequence[Entry]) -> None:
    """What readings come to in the paper's whole training, once two of them were trained on the same pictures."""
    found = _tables(entries, partial(ablations.rows, of=ablations.length_reading_of))
    tables = {key: rows for key, rows in found.items() if key[3] == published.ITERATIONS}
    if not tables:
        return
    (data, fingerprint, _, iterations), rows = max(tables.items(), key=lambda item: len(item[1]))
    alike = [
        entry
        for entry in entries
        if entry.config is not None and entry.data.get("fingerprint") == fingerprint
    ]
    st.subheader("At full length", anchor="length")
    theirs = published.TABLE2[ablations.RATIO]
    st.markdown(
        f"A reading that learns faster at first may still end elsewhere. After all {iterations:,} iterations at {ablations.RATIO} % real the paper has "
        f"{percent(theirs['nice'])} of nice and {percent(theirs['real'])} of real pictures right (each its best over training)."
    )
    _show(rows)
    # With drawings there is nothing to say of the paper's photos.
    if alike[0].data.get("kind") == "photographs" and (said := _said_of_the_length(rows, alike)):
        st.markdown(said)
    legend = (
        "▸ is where the others change one thing. "
        if any(not row.reading.changes for row in rows)
        else ""
    )
    st.caption(f"{legend}On {data}, one seed, last iteration.")
    _command("length", data)


def _said_of_the_length(rows: list[ablations.Row], alike: Sequence[Entry]) -> str:
    """Whether it is for want of learning that no reading has as much of the real photos right as the paper; nothing where one has.

    `alike`: all runs on the same pictures.
    """
    theirs = published.TABLE2[ablations.RATIO]["real"]
    rows = [row for row in rows if row.loss < math.inf]
    real = max((row.real for row in rows), default=1.0)
    text = next((row for row in rows if not row.reading.changes), None)
    if text is None or real > theirs - CLOSE:
        return ""
    said = f"**None comes to the paper's {percent(theirs)} of real photos**; the most is {percent(real)}. "
    fits = rows[0]
    if fits.loss < 0.7 * text.loss:
        said += (
            f"It is not for want of learning: “{fits.reading.title}” fits its training pictures far better (a loss of {fits.loss:.2f} instead of "
            f"{text.loss:.2f}), and has {percent(fits.real)} of the real test photos right. "
        )
    moved: dict[str, list[float]] = {}
    for entry in alike:
        config = entry.config
        if (
            config.method == "mixed"
            and config.ratio == ablations.RATIO
            and config.mirror
            and config.shift
            and not sweeps.differences(config)
            and entry.final("real") is not None
        ):
            moved.setdefault(config.preset.partition("@")[0], []).append(entry.final("real"))
    means = {name: statistics.fmean(values) for name, values in moved.items()}
    if means and max(means.values()) > real + CLOSE:
        best = max(means, key=means.get)
        said += (
            f"The recipe {best}, which among other things mirrors and moves the pictures, has {percent(means[best])} from the same photos. "
            "That the paper, which says nothing of the kind, gets as far speaks for photos easier than these: its own show whole fruit from outside only (4.2)."
        )
    return said


def _switch(entries: Sequence[Entry]) -> None:
    """The readings of what happens at the switch, once two of them were trained on the same pictures."""
    tables = _tables(entries, ablations.switch_rows)
    st.subheader("At the switch to restricted training", anchor="switch")
    st.markdown(
        f"Do the convolutions' moving statistics follow the real pictures, and do learning rate and momentum start anew? The text says neither outright. "
        f"What it reports is the fall: nice accuracy goes from about 95 % to {100 * ablations.FALLEN:.0f} % within {ablations.WITHIN} iterations."
    )
    if tables:
        (data, _, _, iterations), rows = max(
            tables.items(), key=lambda item: (len(item[1]), item[0][3])
        )
        st.dataframe(
            [
                {
                    "reading": row.reading.title,
                    "nice at the switch": percent(row.nice[0]),
                    f"nice after {ablations.WITHIN}": percent(row.nice[1]),
                    "nice at the end": percent(row.nice[2]),
                    "real at the switch": percent(row.real[0]),
                    "real at the end": percent(row.real[2]),
                }
                for row in rows
            ],
            hide_index=True,
            height="content",
        )
        if said := _said_of_the_switch(rows):
            st.markdown(said)
        st.caption(
            f"On {data}, split at 50 % of {iterations:,} iterations, one seed; the nearest to the paper's fall first."
        )
        _command("switch", data)
    else:
        _command("switch")


def _said_of_the_switch(rows: Sequence[ablations.SwitchRow]) -> str:
    """Which of those that fall as the paper's does also learn, as the paper's does; nothing where that does not decide."""
    falling = [row for row in rows if abs(row.nice[1] - ablations.FALLEN) < CLOSE]
    learning = [row for row in falling if row.real[2] - row.real[0] > CLOSE]
    if len(falling) < 2 or len(learning) != 1:
        return ""
    said = (
        f"**{len(falling)} of {len(rows)} fall as the paper's does. In the paper real accuracy rises meanwhile (5.3.3), which leaves "
        f"“{learning[0].reading.title}”.**"
    )
    still = next(
        (
            row
            for row in falling
            if row not in learning and row.reading.changes.get("restart_clock") is False
        ),
        None,
    )
    if still is not None:
        said += (
            f" Where the clock goes on, the steps are too small by then to learn anything (real: from {percent(still.real[0])} to "
            f"{percent(still.real[2])}): what loses the nice pictures there is the statistics alone: the convolutions' outputs are then normalised by the mean and variance of real pictures."
        )
    return said


def _command(study: str, data: str = "") -> None:
    """The command that trains them on that data; where it is not on this machine, on a person's own, and what it costs is said first."""
    of = data if data and store.is_available(data) else "NAME --dry-run"
    st.code(f"python -m fruitlab study {study} --data {of}", language=None, wrap_lines=True)
