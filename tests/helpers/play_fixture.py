"""tests/play/fixture.json: results that every implementation of the head's training reproduces.

Each case holds a play file, the share of nice pictures kept at each step, and the results of the
numpy oracle: batches, losses, correct answers, and the trained head. Regenerate the file with

    python tests/helpers/play_fixture.py
"""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import play_oracle
from play_files import made
from safetensors.numpy import save

from fruitlab.config.paths import PROJECT
from fruitlab.play import file as play
from fruitlab.play.file import SETS, PlayFile

ASSETS = PROJECT / "fruitlab" / "app" / "assets"
PATH = Path(__file__).resolve().parents[1] / "play" / "fixture.json"
KEEPS = [0] * 20 + [30] * 20 + [100] * 5 + [55] * 20  # percent
# The smallest head that the paper's network has, so that a `State` of this configuration holds it.
SIZES = {"width": 0.03, "inputs": 36, "hidden": 6}
CASES: dict[str, dict[str, Any]] = {
    "quick": {},
    "paper": {
        "statistics": "moving",
        "nesterov": False,
        "momentum_width": 5,
        "momentum_midpoint": 10,
        "penalty": "per-batch",
        "regularisation": 0.5,
        "learning_rate": 0.02,
    },
    "plateau": {"label_smoothing": 0.1, "plateau": 8, "learning_rate": 0.5},
    "twentieths": {"batch_size": 0},
    "odd": {"batch_size": 7},
}


def content(file: PlayFile) -> bytes:
    """The bytes of a play file."""
    return save(file.tensors, {"fruitlab": json.dumps(file.notes)})


def computed(changes: dict[str, Any]) -> dict[str, Any]:
    """A case with the oracle's results."""
    file = made(steps=len(KEEPS), **SIZES, **changes)
    head, source = play_oracle.Head(file), play_oracle.Batches(file)
    x = {name: file.features(name) for name in SETS}
    y = {name: file.labels(name) for name in SETS}
    batches, losses, right = [], [], []
    for step, keep in enumerate(KEEPS):
        right.append(
            [
                play_oracle.right(head, x[f"{domain}_test"], y[f"{domain}_test"])
                for domain in ("nice", "real")
            ]
        )
        real, nice, last = source.at(step, keep)
        batches.append({"real": real.tolist(), "nice": nice.tolist(), "last": last})
        inputs = np.concatenate([x["real_train"][real], x["nice_train"][nice]])
        labels = np.concatenate([y["real_train"][real], y["nice_train"][nice]])
        losses.append(rounded(head.step(step, inputs, labels, last)))
    return {
        "file": base64.b64encode(content(file)).decode(),
        "keeps": KEEPS,
        "batches": batches,
        "losses": losses,
        "right": right,
        "halvings": head.halvings,
        "values": {
            name: [rounded(x) for x in value.ravel()] for name, value in head.values.items()
        },
    }


def rounded(value: float) -> float:
    """Round to 12 significant digits, which is what the fixture keeps."""
    return float(f"{value:.12g}")


def opened(case: dict[str, Any], folder: Path) -> PlayFile:
    """The play file of a case, read from a file on disk."""
    path = folder / play.NAME
    path.write_bytes(base64.b64decode(case["file"]))
    return play.read(path)


def cases() -> dict[str, dict[str, Any]]:
    """The cases of the fixture by name."""
    return json.loads(PATH.read_text(encoding="utf-8"))


# A JavaScript function that computes a case with the browser's implementation. Its argument is
# [sources of play_file.js and play_head.js, file in base64, settings, shares kept].
JAVASCRIPT = """([source, raw, settings, keeps]) => {
  const names = "{ Head, Batches, readPlayFile }"
  const { Head, Batches, readPlayFile } = new Function(`${source}; return ${names}`)()
  const file = readPlayFile(Uint8Array.from(atob(raw), c => c.charCodeAt(0)).buffer)
  const head = new Head(file, settings), batches = new Batches(file, settings)
  const sum = counts => counts.reduce((a, b) => a + b, 0), losses = [], right = [], used = []
  keeps.forEach((keep, step) => {
    right.push([sum(head.right("nice_test")), sum(head.right("real_test"))])
    const [pictures, last] = batches.at(step, keep)
    const of = set => pictures.filter(([name]) => name === set).map(([, index]) => index)
    used.push({ real: of("real_train"), nice: of("nice_train"), last })
    losses.push(head.step(step, pictures, last))
  })
  const values = Object.entries(head.values).map(([name, values]) => [name, Array.from(values)])
  const { halvings } = head.plateau
  return { losses, right, batches: used, halvings, values: Object.fromEntries(values) }
}"""


def javascript_arguments(case: dict[str, Any], file: PlayFile) -> list[Any]:
    """The argument of JAVASCRIPT."""
    source = "".join((ASSETS / f"play_{part}.js").read_text() for part in ("file", "head"))
    return [source, case["file"], play.settings(file), case["keeps"]]


def check(got: dict[str, Any], expected: dict[str, Any], *, rel: float, abs: float) -> None:
    """Assert that results match the fixture's, floats within these tolerances."""
    for name in ("right", "batches", "halvings"):
        assert got[name] == expected[name], name
    np.testing.assert_allclose(got["losses"], expected["losses"], rtol=rel, atol=abs)
    for name, value in expected["values"].items():
        np.testing.assert_allclose(got["values"][name], value, rtol=rel, atol=abs, err_msg=name)


if __name__ == "__main__":
    PATH.write_text(
        json.dumps({name: computed(changes) for name, changes in CASES.items()}) + "\n",
        encoding="utf-8",
    )
