"""The heads at all ratios that pages can show, read once for all visitors."""

from contextlib import suppress
from pathlib import Path

import streamlit as st

from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.config.errors import DataError
from fruitlab.studies.all_ratios import files


@st.cache_resource(show_spinner=False, max_entries=8)
def _load(path: Path, written: int) -> AllRatios:
    """A ratios file, read once for all visitors and again when it has changed."""
    return AllRatios.load(path)


def of(fingerprint: str) -> AllRatios | None:
    """The heads for the pictures with that fingerprint, if there are any."""
    return next((found for found in available() if found.facts["fingerprint"] == fingerprint), None)


def available() -> list[AllRatios]:
    """What can be shown: the shipped file and those of the visitor's own data."""
    found = []
    for path in files():
        with suppress(DataError, OSError):  # a damaged file is left out, like a damaged run
            found.append(_load(path, path.stat().st_mtime_ns))
    return found
