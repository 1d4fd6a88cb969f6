"""A result's share card at an address, and the tags with which other sites preview a link to it.

Only a showcase has them: elsewhere, other sites cannot read the server.
"""

from functools import lru_cache
from html import escape

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from fruitlab.app import all_ratios
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Mode, mode
from fruitlab.reports import card as cards
from fruitlab.runs.index import Index

ADDRESS = "/assets/cards/"
RUN, ANSWER = "run", "answer"  # kinds of cards: of a run's id, of a dataset's fingerprint
TITLE = "FruitLab: studio photos, real photos, or a mix?"
ABOUT = "Drag a slider and watch what a network learns from two kinds of pictures, and forgets."
_index = Index(rest=5.0)


def card(request: Request) -> Response:
    """The card of a run or of an instant answer, as a PNG file."""
    content = _png(request.path_params["kind"], request.path_params["name"])
    if content is None:
        return PlainTextResponse("There is no such card.", status_code=404)
    return Response(content, media_type="image/png", headers={"Cache-Control": "max-age=3600"})


def tags(request: Request) -> str:
    """The Open Graph tags for a page, as HTML; empty unless this is a showcase."""
    if mode() is not Mode.SHOWCASE:
        return ""
    found = {"og:type": "website", "og:title": TITLE, "og:description": ABOUT}
    if name := _shown(request):
        found |= {
            "og:image": f"{str(request.base_url).rstrip('/')}{ADDRESS}{name}.png",
            "og:image:width": "1200",
            "og:image:height": "630",
        }
    return (
        "".join(
            f'<meta property="{name}" content="{escape(content)}">'
            for name, content in found.items()
        )
        + '<meta name="twitter:card" content="summary_large_image">'
    )


def _shown(request: Request) -> str | None:
    """The card of the run or dataset that a page's address names, otherwise the first dataset's."""
    query = request.query_params
    run_id = (query.get("runs") or query.get("run") or "").partition(",")[0]
    if run_id:
        entry = _index.get(run_id)
        return None if entry is None or not entry.points else f"{RUN}/{run_id}"
    answers = all_ratios.available()
    named = [found for found in answers if found.facts["data"] == query.get("data")]
    for found in named or answers:
        return f"{ANSWER}/{found.facts['fingerprint']}"
    return None


def _png(kind: str, name: str) -> bytes | None:
    if mode() is not Mode.SHOWCASE:
        return None
    if kind == RUN:
        entry = _index.get(name)
        return None if entry is None else _of_run(name, entry.points)
    return _of_answer(name) if all_ratios.of(name) is not None else None


@lru_cache(maxsize=64)
def _of_run(run_id: str, points: int) -> bytes | None:
    """Drawn again when the run has another evaluation."""
    entry = _index.get(run_id)
    try:
        return None if entry is None else cards.png(cards.of_run(entry))
    except RunError:
        return None


@lru_cache(maxsize=8)
def _of_answer(fingerprint: str) -> bytes | None:
    found = all_ratios.of(fingerprint)
    return None if found is None else cards.png(cards.of_ratios(found))
