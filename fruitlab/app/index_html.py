"""The HTML that a browser gets first, for every page: Streamlit's own with one script more."""

from functools import lru_cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from fruitlab.app import navigation, sharing

# The address up to the page's name, as every page is one level deep. Without it, Streamlit's client
# first asks below the page (/explore/_stcore/health), which costs two 404s and a round trip. The
# bare address becomes the first page's here, which saves a run of the script (`navigation.home`).
BASE = f"""<script>
window.__streamlit = {{BACKEND_BASE_URL: location.origin + location.pathname.replace(/[^/]*$/, "")}}
if (location.pathname.endsWith("/"))
  history.replaceState(null, "", "{next(iter(navigation.MENU))}" + location.search + location.hash)
</script>"""


def index(request: Request) -> Response:
    """Streamlit's HTML for every page, with the address of the server and previews of links."""
    html = _index().replace("</head>", f"{sharing.tags(request)}</head>", 1)
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})


@lru_cache(maxsize=1)
def _index() -> str:
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    return page.replace("<title>Streamlit</title>", f"<title>FruitLab</title>{BASE}", 1)
