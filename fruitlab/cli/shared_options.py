"""Options that several commands have."""

from argparse import ArgumentParser

from fruitlab.runs.queue import DEVICES


def add_device(parser: ArgumentParser, use: str) -> None:
    """Add --device; `use` completes "The device to ..."."""
    parser.add_argument(
        "--device",
        default="auto",
        metavar="|".join(DEVICES),
        help=f"The device to {use} (default: auto).",
    )


def add_set(parser: ArgumentParser) -> None:
    """Add --set, which changes settings."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="Change any setting of the configuration. Can be repeated.",
    )
