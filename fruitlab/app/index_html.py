"""The HTML that a browser gets first, for every page: Streamlit's own, with what saves it time."""

import re
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


# What the first page is made of. Streamlit's client asks for the code of each only when the script
# has sent the first of its kind; the server runs the script then, and answers slowly.
ELEMENTS = ("BidiComponent", "ButtonGroup", "Html", "PageLink")
IMPORTS = re.compile(r'(?:from|import)"\./([\w.-]+\.js)"')
# Streamlit's font, which the theme does not use.
FONT = re.compile(r'<link\s+rel="preload"[^>]*as="font"[^>]*>')


def index(request: Request) -> Response:
    """Streamlit's HTML for every page, with the address of the server and previews of links."""
    html = _index().replace("</head>", f"{sharing.tags(request)}</head>", 1)
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})


@lru_cache(maxsize=1)
def _index() -> str:
    static = Path(st.__file__).parent / "static"
    page = FONT.sub("", (static / "index.html").read_text(encoding="utf-8"))
    links = "".join(
        f'<link rel="modulepreload" crossorigin href="./static/js/{name}">'
        for name in _code(static / "static" / "js")
        if name not in page
    )
    head = f"<title>FruitLab</title>{BASE}"
    return page.replace("<title>Streamlit</title>", head, 1).replace("</head>", f"{links}</head>")


def _code(folder: Path) -> list[str]:
    """The files with the code of `ELEMENTS`, and those that they import."""
    wanted = [path.name for name in ELEMENTS for path in folder.glob(f"{name}.*.js")]
    for name in wanted:  # grows while it is read
        imported = IMPORTS.findall((folder / name).read_text(encoding="utf-8"))
        wanted += dict.fromkeys(one for one in imported if one not in wanted)
    return wanted
