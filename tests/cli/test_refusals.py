"""Commands that cannot work: exit statuses, and messages that say what to do."""

import pytest
from run_folders import run_folder

from fruitlab.cli.main import main
from fruitlab.runs import catalog


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train", "mixed", "--ratio", "101"), "ratio"),
        (("train", "mixed", "--set", "ratoi=3"), "Did you mean ratio"),
        (("train", "mixed", "--set", "learning_rate"), "NAME=VALUE"),
        (("train", "mixed", "--set", "preset=paper"), "part of the command"),
        (
            ("train", "mixed", "--preset", "best"),
            "Choose one of: glance, quick, thorough, finetune, paper",
        ),
        (("train", "iterative", "--norms", "thaw"), "updated"),
        (("study", "paper", "--at-once", "many"), "from 1 to 64"),
        (("study", "paper", "--at-once", "0"), "from 1 to 64"),
        (("study", "length", "--seeds", "3"), "leave --preset and --seeds out"),
        (
            ("study", "ablations", "--preset", "quick"),
            "study ablations always uses the paper's preset",
        ),
        (
            ("study", "readings", "--preset", "quick"),
            "study ablations always uses the paper's preset",
        ),
        (("study", "ratio", "--norms", "frozen"), "goes with study paper"),
        (("online", "--stream", "nice-first"), "needs --data NAME"),
        (("online", "--data", "synthetic:8"), "late:CATEGORY"),
        (("online", "--data", "synthetic:8", "--stream", "backwards"), "nice-first"),
    ],
)
def test_invalid_options_exit_with_2_and_start_nothing(call, arguments, says):
    status, result, err = call(*arguments)
    assert status == 2 and says in result["error"] and says in err
    assert list(catalog.all_runs()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train", "mixed", "--data", "nowhere"), "nowhere"),
        (("train", "mixed", "--data", "synthetic:1"), "synthetic"),
        (("resume", "nothing"), "no run named nothing"),
        (("evaluate", "../../etc"), "is not a valid name for a run"),
        (("predict", "nothing", "x.jpg"), "no run named nothing"),
        (("online", "--nice", "/nowhere", "--once"), "no folder /nowhere"),
        (("online", "--from", "nothing", "--once"), "no run named nothing"),
        (("online", "--once"), "--from RUN"),
        (("search", "--data", "nowhere", "x.jpg"), "nowhere"),
        (("search", "--data", "synthetic", "--run", "nothing"), "no run named nothing"),
        (("data", "show", "nowhere"), "nowhere"),
        (
            ("data", "import", "--name", "x", "--nice", "/nowhere", "--real", "/nowhere-either"),
            "/nowhere",
        ),
    ],
)
def test_missing_things_exit_with_1(call, arguments, says):
    status, result, err = call(*arguments)
    assert status == 1 and says in result["error"] and "Traceback" not in err


def test_argparse_exits_with_2(capsys):
    for arguments in (
        ["open", "--port", "x"],
        ["train"],
        ["fly"],
        ["train", "mixed", "--nonsense"],
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    capsys.readouterr()


def test_finished_run_is_not_resumed(call):
    run_folder("done")
    status, result, _ = call("resume", "done")
    assert status == 2 and "finished" in result["error"]


def test_unknown_network_fails_before_the_data_is_read(call):
    status, result, _ = call("train", "mixed", "--set", "network=papper", "--data", "nowhere")
    assert status == 2 and "no network named 'papper'" in result["error"]
