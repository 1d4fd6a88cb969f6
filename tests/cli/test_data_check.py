"""`data check` and `data import --group similar` with the real network, on a few pictures."""

import json

import numpy as np
import pytest
from PIL import Image

from fruitlab.cli.main import main
from fruitlab.data.store import load


@pytest.fixture
def call(capsys):
    def call(*arguments: str):
        """Returns the exit status and the JSON result on stdout."""
        status = main([*arguments, "--json"])
        return status, json.loads(capsys.readouterr().out)

    return call


@pytest.mark.slow  # the parts have fast tests in tests/studies and tests/app
def test_copies_stay_together_and_the_check_finds_them(call, pair) -> None:
    for path in (*pair.nice.glob("*/*.png"), *pair.real.glob("*/*.png")):
        if int(path.stem) >= 6:
            path.unlink()
    original = pair.real / "Red Disc" / "00.png"
    mirrored = np.asarray(Image.open(original))[:, ::-1]
    Image.fromarray(mirrored).save(pair.real / "Red Disc" / "50.png")
    folders = ("--nice", str(pair.nice), "--real", str(pair.real), "--min-images", "5")
    status, _ = call("data", "import", "--name", "few", *folders, "--group", "similar")
    assert status == 0
    data = load("few")
    rows = [data.real.paths.index(f"Red Disc/{name}.png") for name in ("00", "50")]
    for seed in range(8):
        assert len({row in data.split(seed).real_test for row in rows}) == 1

    status, result = call("data", "check", "few", "--device", "cpu")
    assert status == 0 and result["fingerprint"] == data.fingerprint
    assert any(set(rows) <= set(group) for group in result["similar"]["real"]["groups"])
    # Whatever is similar is on one side now.
    assert [result["similar"][name]["across"] for name in ("nice", "real")] == [0, 0]
    assert {row["category"] for row in result["background"]} == set(pair.categories)
    assert set(result["splits"]) == {"alone", "together"}


def test_unknown_names(call) -> None:
    status, result = call("data", "check", "nowhere")
    assert status == 1 and "nowhere" in result["error"]
