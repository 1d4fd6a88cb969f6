"""The command line, run in this process: JSON on stdout, messages on stderr, exit statuses."""

import numpy as np
import pytest
from PIL import Image
from run_folders import run_folder

from fruitlab.cli import options
from fruitlab.cli.main import main, parser
from fruitlab.runs import catalog

FAST = [
    "--set",
    "width=0.25",
    "--set",
    "batch_size=64",
    "--set",
    "live_pictures=10",
    "--iterations",
    "8",
]


def importing(pair, least: int) -> list[str]:
    """The command that imports the pictures as the dataset small."""
    folders = ["--nice", str(pair.nice), "--real", str(pair.real)]
    return ["data", "import", "--name", "small", *folders, "--min-images", str(least)]


@pytest.fixture
def imported(call, pair):
    status, result, _ = call(*importing(pair, 5))
    assert status == 0
    return result


def test_import_reports_counts_and_unreadable_pictures(imported, call, pair):
    assert imported["categories"] == list(pair.categories) and imported["refused"] == []
    assert imported["left_out"] == {}
    assert imported["counts"]["Red Disc"] == {
        "nice": {"train": 12, "test": 8},
        "real": {"train": 15, "test": 10},
    }
    status, result, err = call(*importing(pair, 21))
    assert status == 1 and "--replace" in result["error"] and result["error"] in err
    (pair.real / "Red Disc" / "bad.jpg").write_text("no picture")
    status, result, _ = call(*importing(pair, 5), "--replace")
    assert status == 0 and [one["file"].endswith("bad.jpg") for one in result["refused"]] == [True]
    assert {one["name"] for one in call("data", "list")[1]} >= {"synthetic", "small"}
    assert call("data", "show", "small")[1]["counts"]["Yellow Bar"]["real"] == {
        "train": 15,
        "test": 10,
    }


def test_train_evaluate_predict_and_list(imported, call, capsys, pair, tmp_path, monkeypatch):
    status, trained, err = call(
        "train",
        "mixed",
        "--ratio",
        "60",
        "--data",
        "small",
        "--preset",
        "quick",
        "--run",
        "one",
        "--seed",
        "3",
        *FAST,
    )
    assert status == 0 and trained["status"] == "finished" and trained["run"] == "one"
    assert trained["data"] == "small"
    assert "14 nice and 27 real pictures (66% real)" in err
    assert trained["images_seen"] == 8 * 41  # there are only 41 pictures for a batch of 64

    status, scored, _ = call("evaluate", "one")
    assert status == 0 and scored["run"] == "one"
    assert scored["images_seen"] == trained["images_seen"]
    for domain, pictures in (("nice", 24), ("real", 30)):
        assert scored[domain]["pictures"] == pictures
        assert set(scored[domain]["per_category"]) == set(pair.categories)
        for name in ("top1", "top3"):
            low, high = scored[domain][f"{name}_interval"]
            assert low <= scored[domain][name] <= high
            assert scored[domain][name] == trained[domain][name]
    assert scored["combined"]["top1"] == pytest.approx(
        (scored["nice"]["top1"] * scored["real"]["top1"]) ** 0.5
    )

    good, bad = next(pair.nice.rglob("*.png")), tmp_path / "bad.png"
    bad.write_text("no picture")
    status, answers, err = call(
        "predict", "one", str(good), str(bad), str(tmp_path / "nowhere.jpg"), str(good)
    )
    assert status == 1
    assert [one["photo"] for one in answers] == [
        str(good),
        str(bad),
        str(tmp_path / "nowhere.jpg"),
        str(good),
    ]
    assert "error" in answers[1] and "error" in answers[2] and answers[0] == answers[3]
    probabilities = [top["probability"] for top in answers[0]["top"]]
    assert {top["category"] for top in answers[0]["top"]} == set(pair.categories)
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    assert probabilities == sorted(probabilities, reverse=True)
    assert call("predict", "one", str(good))[0] == 0
    assert main(["predict", "one", str(bad)]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.count(str(bad)) == 1

    status, listed, _ = call("runs")
    assert status == 0 and len(listed) == 1
    assert (
        listed[0].items()
        >= {
            "run": "one",
            "status": "finished",
            "method": "mixed",
            "ratio": 60,
            "data": "small",
            "seed": 3,
            "iterations": 8,
        }.items()
    )
    assert listed[0]["combined"]["top1"] == trained["combined"]["top1"]

    # Without the data, the scores come from the run's predictions.
    monkeypatch.setenv("FRUITLAB_DATA", str(tmp_path / "elsewhere"))
    status, elsewhere, err = call("evaluate", "one")
    assert status == 0 and elsewhere["real"] == scored["real"] and "not on this machine" in err


def test_iterative_run_is_evaluated_on_another_dataset(imported, call, pair, tmp_path):
    status, _, err = call(
        "train",
        "iterative",
        "--split",
        "25",
        "--norms",
        "follow",
        "--data",
        "small",
        "--run",
        "it",
        *FAST,
    )
    assert status == 0 and "all layers on 18 nice pictures" in err
    assert "only the head on 23 real pictures" in err
    (pair.nice / "Red Disc").rename(pair.nice / "Blue Cube")
    (pair.real / "Red Disc").rename(pair.real / "blue cube")
    call(
        "data",
        "import",
        "--name",
        "other",
        "--nice",
        str(pair.nice),
        "--real",
        str(pair.real),
        "--min-images",
        "5",
    )
    status, scored, err = call("evaluate", "it", "--data", "other")
    assert status == 0 and scored["left_out"] == ["Blue Cube"] and "Blue Cube" in err
    assert set(scored["nice"]["per_category"]) == {"Green Ring", "Yellow Bar"}


def test_table_1(call, capsys):
    status, rows, _ = call("network")
    assert status == 0 and rows[-1]["parameters"] == 327_410 and rows[-1]["layers"] == 25
    assert [row["output"] for row in rows[:-1]] == [
        "100x100x3",
        "100x100x8",
        "50x50x8",
        "50x50x8",
        "25x25x16",
        "25x25x16",
        "12x12x32",
        "12x12x32",
        "6x6x32",
        "200",
        "26",
    ]
    assert main(["network"]) == 0 and "Change Residual Block" in capsys.readouterr().out


def test_networks_are_listed(call, capsys):
    status, listed, _ = call("networks")
    assert status == 0 and all(network["title"] for network in listed)
    assert {"paper", "efficientnet-lite0"} <= {network["name"] for network in listed}
    assert main(["networks"]) == 0 and "paper" in capsys.readouterr().out


def test_pretrained_network_has_a_preset_of_its_own() -> None:
    def preset(*arguments: str) -> str:
        return options.config(parser().parse_args(["train", "mixed", *arguments])).preset

    assert preset().startswith("quick@")
    assert preset("--network", "efficientnet-lite0").startswith("finetune@")
    assert preset("--set", "network=efficientnet-lite0").startswith("finetune@")
    assert preset("--network", "efficientnet-lite0", "--preset", "quick").startswith("quick@")


def test_runs_are_sorted_numerically(call):
    for ratio in (100, 20, 0):
        run_folder(f"mixed-{ratio}-x", ratio=ratio)
    assert [row["run"] for row in call("runs")[1]] == ["mixed-0-x", "mixed-20-x", "mixed-100-x"]


def test_help_lists_every_preset(capsys):
    with pytest.raises(SystemExit):
        main(["train", "mixed", "--help"])
    output = capsys.readouterr().out
    assert all(name in output for name in ("glance", "quick", "thorough", "paper"))


@pytest.mark.slow
def test_tables_without_json(imported, call, capsys, pair):
    call("train", "mixed", "--data", "small", "--run", "shown", *FAST)
    for arguments, word in (
        (["runs"], "shown"),
        (["data"], "small"),
        (["data", "show", "small"], "Red Disc"),
        (["evaluate", "shown"], "95% interval"),
        (["predict", "shown", str(next(pair.nice.rglob("*.png")))], "%"),
    ):
        assert main(arguments) == 0
        assert word in capsys.readouterr().out


@pytest.mark.slow
def test_prediction_matches_the_plain_network(imported, call, pair):
    """Compared with weights from the file, the plain network, and a softmax in numpy."""
    import torch

    from fruitlab.models.paper_resnet import PaperResNet

    call("train", "mixed", "--data", "small", "--run", "same", *FAST)
    photo = next(pair.real.rglob("*.png"))
    tensors, notes = catalog.find("same").read_tensors("weights")
    network = PaperResNet(categories=3, width=notes["width"], epsilon=notes["epsilon"]).eval()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()})
    pixels = np.asarray(Image.open(photo).convert("RGB"))
    with torch.inference_mode():
        x = network.prepare(torch.from_numpy(pixels.copy()).unsqueeze(0))
        logits = network(x)[0].double().numpy()
    expected = np.exp(logits) / np.exp(logits).sum()
    top = call("predict", "same", str(photo))[1][0]["top"]
    assert [one["category"] for one in top] == [
        notes["categories"][i] for i in np.argsort(-expected)
    ]
    np.testing.assert_allclose(
        [one["probability"] for one in top], np.sort(expected)[::-1], atol=1e-5
    )
