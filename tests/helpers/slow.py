"""Parameters of which only some run by default."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def some(values: Iterable[Any], *, fast: Collection[Any]) -> list[Any]:
    """All values for `parametrize`; those that are not among `fast` are marked slow."""
    return [
        value if value in fast else pytest.param(value, marks=pytest.mark.slow) for value in values
    ]
