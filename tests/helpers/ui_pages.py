"""The explorer's pages run without a browser: Streamlit's AppTest on the real main script."""

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from fruitlab.app import shared

MAIN = Path(__file__).resolve().parents[2] / "fruitlab" / "app" / "main.py"

# Every AppTest reads the metadata of every installed package, which takes longer than the page.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


def opened(page: str, **query: str) -> AppTest:
    """The page as it opens, at an address with these parameters."""
    shared.index.clear()  # the one of the last test may rest still
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.switch_page(str(MAIN.parents[2] / "pages" / f"{page}.py"))
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def text(app: AppTest) -> str:
    """All that stands on the page as prose."""
    kinds = ("title", "subheader", "markdown", "caption", "error", "warning", "info", "success")
    found = "\n".join(str(element.value) for kind in kinds for element in app.get(kind))
    return found.replace("\N{NO-BREAK SPACE}", " ")


def charts(app: AppTest) -> list[SimpleNamespace]:
    """The figures on the page: title, caption, data."""
    return [
        SimpleNamespace(**json.loads(element.proto.json))
        for element in app.get("bidi_component")
        if element.proto.component_name == "fruitlab.chart"
    ]


def checked(app: AppTest) -> AppTest:
    """The app, if its last run raised nothing."""
    assert not app.exception, app.exception[0].message + "".join(app.exception[0].stack_trace)
    return app


def html(app: AppTest, mark: str) -> str:
    """The page's first piece of HTML with that mark in it."""
    return next(
        str(element.proto.body) for element in app.get("html") if mark in str(element.proto.body)
    )


def pictures(app: AppTest) -> int:
    """How many pictures stand in rows on the page."""
    return sum(
        str(element.proto.body).count("<img ")
        for element in app.get("html")
        if "fl-pictures" in str(element.proto.body)
    )


def address(app: AppTest) -> dict[str, str]:
    """The parameters of the page's address."""
    return {
        name: value[0] if isinstance(value, list) else value
        for name, value in app.query_params.items()
    }
