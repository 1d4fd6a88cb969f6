"""The closed-form learner of Play: the browser's arithmetic against solving directly."""

import base64
import json
import shutil
import subprocess

import numpy as np
import pytest
from play_files import made
from play_fixture import ASSETS, content

from fruitlab.play import file as play

SCRIPT = """
const given = JSON.parse(require("fs").readFileSync(0, "utf8"))
const names = "{ ClosedForm, Batches, readPlayFile }"
const { ClosedForm, Batches, readPlayFile } = new Function(`${given.source}; return ${names}`)()
const file = readPlayFile(Uint8Array.from(atob(given.file), c => c.charCodeAt(0)).buffer)
const learner = new ClosedForm(file, given.settings), batches = new Batches(file, given.settings)
const sum = counts => counts.reduce((a, b) => a + b, 0), points = [], saved = []
learner.begin()
const note = () => points.push({
  weight: Array.from(learner.values.weight),
  right: [sum(learner.right("nice_test")), sum(learner.right("real_test"))],
})
note()
for (let step = 0; step < given.steps; step++) {
  saved.push(learner.save())
  learner.step(step, batches.at(step, 0)[0])
  note()
}
learner.load(saved[2])
for (let step = 2; step < 5; step++) learner.step(step, batches.at(step, 0)[0])
console.log(JSON.stringify({ points, again: Array.from(learner.values.weight) }))
"""


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
def test_pictures_that_arrive_in_batches_give_what_all_at_once_give():
    file = made(batch_size=8)  # 50 real pictures in 7 batches
    settings = play.settings(file)
    parts = ("file", "head", "closed_form")
    given = {
        "source": "".join((ASSETS / f"play_{part}.js").read_text() for part in parts),
        "file": base64.b64encode(content(file)).decode(),
        "settings": settings,
        "steps": 12,
    }
    done = subprocess.run(
        ["node", "-e", SCRIPT], input=json.dumps(given), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)

    mean, variance = file.tensors["hidden.norm.mean"], file.tensors["hidden.norm.variance"]
    scale = np.sqrt(variance.astype(float) + settings["epsilon"])
    z = {
        name: np.hstack([(file.features(name) - mean) / scale, np.ones((file.count(name), 1))])
        for name in play.SETS
    }
    y = {name: np.eye(3)[file.labels(name)] for name in play.SETS}

    def solved(*names: str) -> np.ndarray:
        """Ridge regression on all pictures of these sets at once."""
        x, targets = (np.vstack([of[name] for name in names]) for of in (z, y))
        return np.linalg.solve(x.T @ x + settings["ridge"] * np.eye(x.shape[1]), x.T @ targets)

    expected = {0: solved("nice_train"), 7: solved("nice_train", "real_train")}
    for step, weight in expected.items():
        point = found["points"][step]
        np.testing.assert_allclose(np.reshape(point["weight"], weight.shape), weight, rtol=1e-8)
        right = [
            int(((z[name] @ weight).argmax(1) == file.labels(name)).sum())
            for name in ("nice_test", "real_test")
        ]
        assert point["right"] == right
    # All have been seen, so nothing changes any more.
    assert all(point == found["points"][7] for point in found["points"][8:])
    assert found["again"] == found["points"][5]["weight"]  # after going back
