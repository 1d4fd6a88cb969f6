"""`answer`: from two folders to the best ratio, a run and a model file."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pretrained
import pytest
from PIL import Image

from fruitlab.cli.main import main
from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.config.paths import PROJECT
from fruitlab.runs.catalog import find
from fruitlab.studies.all_ratios import file_of
from fruitlab.studies.answer import USE


@pytest.fixture
def call(capsys):
    def call(*arguments: str):
        """Returns the exit status and the JSON result on stdout."""
        status = main([*arguments, "--json"])
        return status, json.loads(capsys.readouterr().out)

    return call


def photo(path: Path) -> Path:
    """A red disc on grey, in a JPEG file whose rows a camera stored from bottom to top."""
    y, x = np.mgrid[:300, :400]
    pixels = np.full((300, 400, 3), 120, np.uint8)
    pixels[(y - 120) ** 2 + (x - 190) ** 2 < 80**2] = (200, 20, 30)
    exif = Image.Exif()
    exif[0x0112] = 4  # the orientation: upside down
    Image.fromarray(pixels[::-1]).save(path, exif=exif, quality=95)
    return path


def run_lines(model: Path, folder: Path) -> tuple[str, float]:
    """What the lines that the Data page shows print of photo.jpg: category and probability."""
    done = subprocess.run(
        [sys.executable, "-c", USE.format(file=model.name)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    category, _, probability = done.stdout.strip().rpartition(" ")
    return category, float(probability)


def check_answer(call, folders, tmp_path: Path, network: str) -> dict:
    """Two folders become a run and a file that say the same; returns the result."""
    model = tmp_path / "mine.onnx"
    options = ("--name", "mine", "--network", network, "--onnx", str(model))
    status, result = call("answer", *folders, *options)
    assert status == 0, result
    run = find(result["run"])
    config = run.config()
    assert (config.network, config.ratio, config.ridge) == (
        network,
        result["best"],
        result["ridge"],
    )
    kinds = [one["kind"] for one in result["advice"]]
    assert {"mix", "photos"} <= set(kinds) and len(kinds) <= 3
    first, last = result["near_best"]
    assert 0 <= first <= result["best"] <= last <= 100

    # The same as `evaluate` finds with the run's network, and as the file of all ratios says.
    status, evaluated = call("evaluate", run.id)
    assert status == 0, evaluated
    ratios = AllRatios.load(file_of(run.header()["data"]["fingerprint"]))
    for domain in ("nice", "real"):
        assert result[domain] == evaluated[domain] == ratios.scores(result["best"])[domain]

    # Confusions are counted in the run's predictions.
    table = run.predictions()
    names = list(table["categories"])
    answers = table["top3"][:, 0]
    for one in result["confusions"]:
        of_category = (table["truth"] == names.index(one["category"])) & (
            table["real"] == (one["domain"] == "real")
        )
        wrong = of_category & (answers == names.index(one["answer"]))
        assert one["category"] != one["answer"] and one["pictures"] == wrong.sum() > 0
        assert one["share"] == pytest.approx(wrong.sum() / of_category.sum())
    shares = [one["share"] for one in result["confusions"]]
    assert shares == sorted(shares, reverse=True)
    assert bool(shares) == bool((answers != table["truth"]).any())

    # The lines that use the model say what `predict` says of a photo.
    status, (predicted,) = call("predict", run.id, str(photo(tmp_path / "photo.jpg")))
    assert status == 0
    category, probability = run_lines(model, tmp_path)
    assert category == predicted["top"][0]["category"]
    assert probability == pytest.approx(predicted["top"][0]["probability"], abs=0.005)
    return result


def test_two_folders_become_a_model(call, pair, tmp_path):
    folders = ("--nice", str(pair.nice), "--real", str(pair.real))
    result = check_answer(call, folders, tmp_path, pretrained.keep_random())
    assert result["model"]["categories"] == list(pair.categories)


@pytest.mark.slow
def test_two_folders_become_a_model_with_the_real_network(call, pair, tmp_path):
    folders = ("--nice", str(pair.nice), "--real", str(pair.real))
    result = check_answer(call, folders, tmp_path, "efficientnet-lite0")
    assert result["combined"]["top1"] > 0.9  # three shapes in three colours


def test_the_document_has_the_same_lines():
    text = (PROJECT / "docs" / "own-pictures.md").read_text(encoding="utf-8")
    assert textwrap.indent(USE.format(file="mine.onnx"), " " * 4) in text


@pytest.mark.parametrize(
    "options",
    [(), ("--nice", "a"), ("--real", "b"), ("--nice", "a", "--real", "b", "--data", "c")],
)
def test_folders_or_a_dataset_must_be_given(call, options):
    status, result = call("answer", *options)
    assert status == 2 and "--nice DIR --real DIR" in result["error"]


def test_mistakes_are_named(call, tmp_path):
    status, result = call("answer", "--data", "nowhere")
    assert status == 1 and "nowhere" in result["error"]
    status, result = call("answer", "--nice", str(tmp_path / "gone"), "--real", str(tmp_path))
    assert status == 1 and "gone" in result["error"]
    status, result = call("answer", "--data", "nowhere", "--network", "paper")
    assert status == 2 and "no pretrained weights" in result["error"]
