"""Waits for a page to come to rest, where a test needs a place on it or measures it."""

import time
from collections.abc import Callable
from typing import TypeVar

from playwright.sync_api import Page

Value = TypeVar("Value")


# No script runs, no part is a placeholder, and nothing fades in any more.
SETTLED = """
document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"
&& !document.querySelector("[data-testid=stSkeleton]")
&& document.getAnimations().every(animation => animation.playState !== "running")
"""


def settled(page: Page) -> None:
    """Wait until a page of the explorer has been drawn."""
    page.wait_for_function(SETTLED)


def still(read: Callable[[], Value], seconds: float = 60.0) -> Value:
    """What `read` returns, once it has returned the same twice, a quarter of a second apart."""
    end, before = time.monotonic() + seconds, read()
    while True:
        time.sleep(0.25)
        now = read()
        if now == before and now is not None:
            return now
        assert time.monotonic() < end, f"still changing: {now}"
        before = now


def fits_a_telephone(page: Page) -> None:
    """Wait until nothing is wider than 390 pixels."""
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
