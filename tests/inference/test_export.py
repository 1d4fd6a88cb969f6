"""`fruitlab export --onnx`: the exported network answers as PyTorch does."""

import json
import os
import sys
from pathlib import Path

import made_runs
import numpy as np
import pytest
import torch

from fruitlab.cli import main
from fruitlab.data import pictures
from fruitlab.inference.predict import load_network

if os.environ.get("CI"):
    import onnx
    import onnxruntime
else:
    onnx = pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def photos() -> np.ndarray:
    """uint8 [n, 100, 100, 3]: real photos, if available, and noise."""
    files = (
        [min(folder.iterdir()) for folder in sorted((SHARED / "real").iterdir())[:12]]
        if SHARED.is_dir()
        else []
    )
    noise = np.random.default_rng(0).integers(0, 256, (2, 100, 100, 3), dtype=np.uint8)
    return np.stack([*map(pictures.read, files), *noise])


@pytest.mark.slow
def test_onnx_runtime_matches_pytorch(tmp_path, capsys, photos):
    run = made_runs.run("one", seed=3)
    assert main.main(["export", "one", "--onnx", str(tmp_path / "fruit.onnx"), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["file"] == str(tmp_path / "fruit.onnx")
    assert os.listdir(tmp_path / ".").count("fruit.onnx") == 1
    assert result["bytes"] == (tmp_path / "fruit.onnx").stat().st_size
    assert result["largest_difference"] < 1e-4

    session = onnxruntime.InferenceSession(result["file"], providers=["CPUExecutionProvider"])
    (given,), (output,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape[1:]) == ("pictures", "tensor(uint8)", [100, 100, 3])
    assert (output.name, output.type, output.shape[1]) == (
        "probabilities",
        "tensor(float)",
        len(made_runs.CATEGORIES),
    )
    # The network as trained, not the batch-norm-folded inference model that was exported.
    network, categories = load_network(run)
    with torch.inference_mode():
        x = network.prepare(torch.from_numpy(photos))
        expected = torch.softmax(network(x), 1).numpy()
    assert len(np.unique(expected.argmax(1))) > 1
    for batch in (photos, photos[:1], photos[:5]):
        (found,) = session.run(None, {"pictures": batch})
        np.testing.assert_allclose(found, expected[: len(batch)], atol=1e-5)

    noted = {one.key: one.value for one in onnx.load(result["file"]).metadata_props}
    assert json.loads(noted["categories"]) == list(categories)
    assert (
        noted["run"],
        noted["network"],
    ) == ("one", "paper")
    assert "100 x 100" in noted["input"]


@pytest.mark.slow
def test_failed_export_leaves_no_file(tmp_path, monkeypatch, capsys):
    made_runs.run("one")
    assert main.main(["export", "one", "--onnx", str(tmp_path / "nowhere" / "x.onnx")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert main.main(["export", "none", "--onnx"]) == 1
    assert "no run named none" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if it were not installed
    assert main.main(["export", "one", "--onnx", str(tmp_path / "x.onnx")]) == 1
    assert 'pip install "fruitlab[export]"' in capsys.readouterr().err
    assert not list(tmp_path.glob("*.onnx*")) and not list(tmp_path.glob(".*.onnx*"))


@pytest.mark.slow
def test_inaccurate_export_is_rejected(tmp_path, monkeypatch, capsys):
    from fruitlab.inference import export

    made_runs.run("one")
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    assert main.main(["export", "one", "--onnx", str(tmp_path / "x.onnx")]) == 1
    assert "differ from PyTorch's" in capsys.readouterr().err
    assert not (tmp_path / "x.onnx").exists() and not list(tmp_path.glob(".x*"))
