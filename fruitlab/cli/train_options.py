"""`fruitlab train METHOD`: a subcommand for each training method, made from its settings."""

import argparse
from collections.abc import Callable
from typing import Any

from fruitlab.cli.shared_options import add_device, add_set
from fruitlab.config.earlier_names import RENAMED
from fruitlab.config.presets import PRESETS
from fruitlab.config.settings import Setting
from fruitlab.methods.base import Method
from fruitlab.methods.registry import methods

PRECISIONS = ("auto", "float32", "bfloat16")


def add_methods(
    train: argparse.ArgumentParser,
    add: Callable[..., argparse.ArgumentParser],
    run: Callable[..., Any],
) -> None:
    """Add a subcommand for every method.

    Args:
        add: (name, help, run, subparsers) -> the new parser.
        run: what the subcommands call.
    """
    subcommands = train.add_subparsers(dest="method", required=True, metavar="method")
    for name, method in methods().items():
        parser = add(name, _escaped(method.description), run, subcommands)
        _add_settings(parser, method)
        _add_common(parser)


def method_changes(options: argparse.Namespace) -> dict[str, str]:
    """The method's own settings that were given as options, by name."""
    own = methods()[options.method].own_settings()
    given = {name: getattr(options, name, None) for name in own}
    return {name: value for name, value in given.items() if value is not None}


def _add_settings(parser: argparse.ArgumentParser, method: type[Method]) -> None:
    old_names = {new: old for old, new in RENAMED.items()}
    for name, setting in method.own_settings().items():
        names = [f"--{name.replace('_', '-')}"]
        if name in old_names:
            names.append(f"--{old_names[name].replace('_', '-')}")
        parser.add_argument(
            *names, dest=name, metavar=_metavar(setting), help=_escaped(_help(setting))
        )


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        default="synthetic",
        metavar="NAME",
        help="A dataset from `data list`, or synthetic[:pictures per category] (default: "
        "synthetic).",
    )
    parser.add_argument(
        "--preset",
        metavar="|".join(PRESETS),
        help="The preset (default: quick, or finetune for a pretrained --network).",
    )
    parser.add_argument(
        "--network",
        metavar="NAME",
        help="A network that `networks` lists, or timm:NAME (default: the preset's).",
    )
    parser.add_argument(
        "--iterations", metavar="N", help="Training iterations; scales the preset's schedule."
    )
    add_set(parser)
    parser.add_argument(
        "--seed",
        metavar="N",
        help="Seed of the initial weights, and of the choice and order of pictures (default: 0).",
    )
    add_device(parser, "train on")
    parser.add_argument(
        "--precision",
        default="auto",
        choices=PRECISIONS,
        help="Precision of the backbone; auto is bfloat16 on GPUs and CPUs that compute in it (on"
        " CPUs for the paper's network only), else float32.",
    )
    parser.add_argument("--run", dest="run_id", metavar="NAME", help="The name of the run.")


def _metavar(setting: Setting) -> str:
    if setting.choices:
        return "|".join(setting.choices)
    if setting.kind is bool:
        return "true|false"
    return "PERCENT" if setting.unit == "%" else "N"


def _help(setting: Setting) -> str:
    text = f"{setting.title}. {setting.help}".rstrip(".")
    paper = f"; paper {setting.paper}" if setting.paper else ""
    default = str(setting.default).lower() if setting.kind is bool else setting.default
    return f"{text} (default: {default}{paper})."


def _escaped(text: str) -> str:
    return text.replace("%", "%%")  # argparse formats help texts
