"""The options of `fruitlab study`."""

from argparse import ArgumentParser
from typing import Any

from fruitlab.cli.shared_options import add_device, add_set
from fruitlab.config.presets import PRESETS
from fruitlab.methods.registry import methods
from fruitlab.studies import ablations

PAPER_PRESET = ("tuning", *ablations.SETS)  # studies with the paper's own preset
OLD_STUDIES = {"readings": "ablations"}  # names of earlier versions, still accepted
KIND: dict[str, Any] = {
    "type": lambda kind: OLD_STUDIES.get(kind, kind),
    "choices": ("paper", "ratio", "forgetting", "memory", "distilled", *PAPER_PRESET),
    "help": "paper: the paper's eleven mixing ratios and nine iterative splits. ratio: a search "
    "for the best mixing ratio. forgetting: every method against forgetting, beside mixed "
    "training. memory: how few kept pictures rehearsal needs. distilled: small networks that "
    "learn from a large one, at six ratios. tuning: the paper's learning rates and L2 factors. "
    "ablations: alternatives to constants that the paper leaves unclear. switch: ablations of "
    "the switch to restricted training. length: ablations at the paper's full length.",
}


def add_options(study: ArgumentParser) -> None:
    """Add the options to the parser of the command."""
    study.add_argument("kind", nargs="?", **KIND)
    add_plan(study)
    add_device(study, "train on")
    study.add_argument(
        "--at-once",
        metavar="N",
        help="Train N runs at once, sharing the cores (default: one per core on a CPU, else 1).",
    )
    study.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="Train on a Ray cluster: HOST:PORT of its head, `auto` for the cluster that this "
        "machine belongs to, or `local` to start one on this machine. Needs requirements-ray.txt; "
        "see docs/ray.md.",
    )
    study.add_argument(
        "--ray-storage",
        metavar="DIR",
        help="A folder for checkpoints that all machines share (default: .ray beside the runs).",
    )
    study.add_argument(
        "--ray-cpus",
        type=int,
        default=1,
        metavar="N",
        help="CPUs, and threads, per run (default: 1).",
    )
    study.add_argument(
        "--ray-gpus",
        type=float,
        metavar="X",
        help="GPUs per run, such as 0.5 (default: 0.25 if the cluster has GPUs, else 0).",
    )
    study.add_argument(
        "--dry-run", action="store_true", help="Print the runs and their cost, and train nothing."
    )


def add_plan(study: ArgumentParser) -> None:
    """Add the options that say which runs a study has, but for its kind."""
    study.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=A,B,C",
        help="Instead of a named study: train every combination of these values. Can be repeated.",
    )
    study.add_argument(
        "--method",
        default=next(iter(methods())),
        choices=tuple(methods()),
        help="The method for --vary (default: %(default)s).",
    )
    study.add_argument(
        "--data",
        default="synthetic",
        metavar="NAME",
        help="A dataset from `data list` (default: synthetic).",
    )
    study.add_argument(
        "--preset",
        metavar="|".join(PRESETS),
        help="The preset (default: quick, thorough for forgetting, memory and distilled; "
        f"{', '.join(PAPER_PRESET)} always use the paper's).",
    )
    study.add_argument(
        "--seeds", type=int, default=1, metavar="K", help="Run with seeds 0 to K-1 (default: 1)."
    )
    study.add_argument(
        "--running-statistics",
        "--norms",
        dest="running_statistics",
        nargs="+",
        default=(),
        choices=("updated", "frozen", "follow"),
        help="For paper: update or freeze the running statistics in restricted training, or both.",
    )
    study.add_argument(
        "--sets",
        nargs="+",
        type=int,
        default=(1, 2, 3),
        choices=(1, 2, 3),
        help="For tuning: which of the paper's three sets to train (default: all).",
    )
    study.add_argument(
        "--iterations", metavar="I", help="Iterations per run; scales the preset's schedule."
    )
    add_set(study)
