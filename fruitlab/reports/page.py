"""An HTML file that needs nothing else: text, tables and figures, with plotly.js inside."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path

import plotly.io

from fruitlab import __version__
from fruitlab.plots.figures import Figure

PAPER = "https://airccse.com/adeij/papers/2419adeij01.pdf"
CSS = Path(__file__).with_name("report.css")
CONFIG = {"displayModeBar": False, "responsive": True}
LAYOUT = {
    "margin": {"l": 56, "r": 16, "t": 8, "b": 44},
    "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#26242b"},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
}
# Nothing is loaded, whatever a name or a note contains.
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"


def page(title: str, parts: Iterable[str]) -> str:
    """The whole file.

    Args:
        title: plain text.
        parts: HTML, from the functions below.
    """
    made = datetime.now().strftime("%Y-%m-%d %H:%M")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width">
<style>{CSS.read_text(encoding="utf-8")}</style></head>
<body><h1>{escape(title)}</h1>
{"".join(parts)}
<footer>FruitLab {__version__}, {made}. The experiment is that of <a href="{PAPER}">Yuxuan Bao, A
Study of Methods for Training with Different Datasets in Image Classification</a>, ADEIJ 2(4), 2019.
</footer></body></html>
"""


def heading(text: str) -> str:
    """A heading."""
    return f"<h2>{escape(text)}</h2>\n"


def paragraph(text: str) -> str:
    """A paragraph."""
    return f"<p>{escape(text)}</p>\n"


def code(text: str) -> str:
    """A command."""
    return f"<pre>{escape(text)}</pre>\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of texts and numbers."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return scrolled(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def scrolled(*tables: str) -> str:
    """Tables that scroll sideways where the page is too narrow for them."""
    return f'<div class="scroll">{"".join(tables)}</div>\n'


def figures(shown: Sequence[tuple[Figure, int]], *, library: bool) -> str:
    """Figures side by side, each with its title and caption; a single one has the whole width.

    Args:
        shown: figures and their heights in pixels.
        library: put plotly.js (5 MB) in front. The first figures of a page need it.
    """
    parts: list[str] = []
    for figure, height in shown:
        layout = LAYOUT | figure["layout"] | {"height": height}
        for axis in ("xaxis", "yaxis"):
            layout[axis] = layout[axis] | {"automargin": True}
        drawn = {"data": figure["data"], "layout": layout}
        plot = plotly.io.to_html(
            drawn,
            config=CONFIG,
            include_plotlyjs=library and not parts,
            full_html=False,
            validate=False,
        )
        title, caption = escape(figure.get("title", "")), escape(figure.get("caption", ""))
        parts.append(f"<figure><h3>{title}</h3>{plot}<figcaption>{caption}</figcaption></figure>\n")
    return f'<div class="figures{" single" * (len(shown) == 1)}">{"".join(parts)}</div>\n'
