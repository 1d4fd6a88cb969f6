"""`fruitlab networks`: list networks, and download the weights of timm's."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import asdict

from fruitlab.cli import listings
from fruitlab.cli.options import Outcome, WrongUse
from fruitlab.cli.output import Output
from fruitlab.models import hub, registry, weights


def add_commands(add: Callable[..., ArgumentParser]) -> None:
    """Add `networks` and the commands below it. `add` is `fruitlab.cli.main.parser`'s."""
    networks = add("networks", "List networks and download pretrained weights.", list_networks)
    commands = networks.add_subparsers(dest="networks_command", metavar="command")
    add("list", "List the networks that a run can train.", list_networks, commands)
    about = "Download the pretrained weights of a network of timm from the Hugging Face hub."
    fetch = add("download", about, download, commands)
    fetch.add_argument(
        "network", metavar="timm:NAME", help="The network, such as timm:resnet18.a1_in1k."
    )
    fetch.add_argument("--yes", action="store_true", help="Do not ask before the download.")


def list_networks(options: Namespace, output: Output) -> Outcome:
    """`networks`: the networks that a run can train."""
    result = [asdict(listing) for listing in registry.networks().values()]
    note = "\n\nAny network of timm: python -m fruitlab networks download timm:NAME"
    return 0, result, listings.networks(result) + note


def download(options: Namespace, output: Output) -> Outcome:
    """`networks download`: say what it is, ask, and download it."""
    name = options.network
    if not name.startswith(hub.FAMILY):
        raise WrongUse(f"Only networks of timm are downloaded: give timm:NAME, not {name!r}.")
    found = weights.find(name)
    if found is None:
        offer = hub.look_up(name)
        output.say(
            f"{name}: {offer.bytes / 1e6:,.1f} MB from {offer.page}, licence: "
            f"{offer.licence or 'not stated'}."
        )
        if not options.yes and not _confirmed():
            raise WrongUse("Nothing was downloaded. Add --yes to download without being asked.")
        found = hub.download(offer, output.progress)
    text = (
        f"{name} is ready: {found.parameters:,} parameters. Train it: python -m fruitlab train "
        f"mixed --preset finetune --network {name}"
    )
    return 0, asdict(found), text


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        return False
    print("Download it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in ("y", "yes")
