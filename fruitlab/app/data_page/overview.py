"""The overview of a dataset: a few pictures of every category in both domains, as HTML."""

import base64
import io
from html import escape

import numpy as np
from PIL import Image

from fruitlab.data.domains import DOMAINS, Counts, Domain, TwoDomains
from fruitlab.plots import style

PICTURES = 5  # pictures per category and domain
SIDE, GAP = 64, 4  # pixels
WIDTH = PICTURES * (SIDE + GAP) - GAP
CSS = """<style>
.fl-data {
  display: grid; grid-template-columns: minmax(7rem, auto) 1fr 1fr; gap: .35rem 1rem;
  align-items: center; font-variant-numeric: tabular-nums;
}
.fl-data > :nth-child(-n+3) { font-weight: 600; font-size: .9rem; }
.fl-data img { max-width: 100%; height: auto; border-radius: 4px; display: block; }
.fl-data small { opacity: .75; display: block; }
@media (max-width: 640px) {
  .fl-data { grid-template-columns: 1fr 1fr; }
  .fl-data > :nth-child(3n+1) { grid-column: 1 / -1; margin-top: .35rem; font-weight: 600; }
}
</style>"""


def render(data: TwoDomains, counts: Counts) -> str:
    """Returns the overview as HTML, a grid with one row per category.

    Args:
        data: The dataset.
        counts: Its pictures in a split.
    """
    cells = ["<div></div>", *(f"<div>{style.SHAPES[name]} {name}</div>" for name in DOMAINS)]
    for label, category in enumerate(data.categories):
        cells.append(f"<div>{escape(category)}</div>")
        for name in DOMAINS:
            sides = counts[category][name]
            source = _strip(data.domain(name), label)
            alt = escape(f"{category}, {name} pictures")
            cells.append(
                f'<div><img src="{source}" width="{WIDTH}" alt="{alt}">'
                f"<small>{sides['train']:,} training, {sides['test']:,} test</small></div>"
            )
    return f'{CSS}<div class="fl-data">{"".join(cells)}</div>'


def spread(rows: np.ndarray, count: int) -> np.ndarray:
    """Returns ``count`` of the rows, evenly spread, or all if there are fewer."""
    if len(rows) <= count:
        return rows
    return rows[np.linspace(0, len(rows) - 1, count).round().astype(int)]


def _strip(domain: Domain, label: int) -> str:
    """Returns a few pictures of a category in a row, as a data URL."""
    rows = spread(np.flatnonzero(domain.labels == label), PICTURES)
    canvas = Image.new("RGBA", (WIDTH, SIDE), (0, 0, 0, 0))
    for place, row in enumerate(rows):
        picture = Image.fromarray(np.asarray(domain.images[row]))
        resized = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        canvas.paste(resized, (place * (SIDE + GAP), 0))
    file = io.BytesIO()
    canvas.save(file, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
