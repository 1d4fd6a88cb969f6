"""Numbers as text, the same everywhere, and text of unknown origin for a page."""

import re


def percent(value: float | None) -> str:
    """A fraction of one with one decimal, "95.3%"; a dash for None and nan."""
    return "—" if value is None or value != value else f"{value:.1%}"


def duration(seconds: float) -> str:
    """A duration in the unit that fits: "45 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def points(difference: float | None, *, signed: bool = False) -> str:
    """A difference of two fractions in percentage points, "3.1 points"; a dash for None.

    Args:
        difference: such as 0.031.
        signed: show a plus sign before positive numbers.
    """
    if difference is None:
        return "—"
    rounded = round(100 * difference, 1) + 0.0  # never "-0.0"
    return f"{rounded:{'+' if signed else ''}.1f} points"


def whole_percent(part: int, whole: int) -> str:
    """A share in whole percent: "66%". Never rounded to none or all: "under 1%", "over 99%"."""
    share = int(100 * part / whole + 0.5) if whole else 0
    if share == 0 and part:
        return "under 1%"
    if share == 100 and part < whole:
        return "over 99%"
    return f"{share}%"


def plain(text: str) -> str:
    """A text of unknown origin for a place that understands Markdown, which shows it as it is.

    A name in an address, a title or an error must not become a link, a picture or a formula.
    """
    return re.sub(r"([\\`*\[\]<$~])", r"\\\1", text)


def whole_number(text: str, most: int) -> int | None:
    """The number that a text of unknown origin writes, from 0 to `most`; None for anything else."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most))):
        return None
    return int(text) if int(text) <= most else None
