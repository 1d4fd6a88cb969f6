"""Style sheets, scripts and markup of the explorer's own components, read from the package."""

from functools import cache
from importlib.resources import files


@cache
def read(name: str) -> str:
    """The text of an asset by its file name. Raises FileNotFoundError if there is none."""
    return (files(__name__) / name).read_text(encoding="utf-8")


def style(name: str) -> str:
    """A style sheet as a ``<style>`` element, for HTML that a page inserts."""
    return f"<style>\n{read(name)}</style>"
