"""Creating runs, and finding them: the user's own and those that ship with FruitLab."""

import difflib
import errno
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fruitlab.config import users
from fruitlab.config.errors import RunError
from fruitlab.config.files import delete_temporary
from fruitlab.config.modes import Action, changes
from fruitlab.config.paths import runs_root, shipped_root
from fruitlab.methods.base import Method
from fruitlab.models import registry as networks
from fruitlab.models import weights
from fruitlab.runs import quotas, schema
from fruitlab.runs.folder import Run

SLUG = re.compile(schema.SLUG)
UNFINISHED = re.compile(r"\.(?:new|deleted)-[0-9a-f]{8}")
LEFTOVER = 600.0  # seconds after which nobody is at work any more on a folder of such a name


@changes(Action.TRAIN)
def create(header: dict[str, Any], *, config: Method, run_id: str | None = None) -> Run:
    """Create a run folder with its config.json.

    Args:
        header: goes into config.json besides the configuration.
        run_id: the folder's name; made from method and preset if None.

    Raises:
        ConfigError: there is no network of the configured name, or its weights are not here.
        RunError: the id is invalid or taken, or the folder cannot be written, or the user of a
            shared server has enough runs.
    """
    quotas.check_runs(all_runs())
    networks.check(config.network)
    if config.pretrained and ":" in config.network:
        weights.require(config.network)
    root = runs_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        if run_id is None:
            run_id = _new_name(config)
        elif _taken(run_id):
            raise RunError(
                f"There is already a run named {run_id}. Choose another --run, or resume it:"
                f" python -m fruitlab resume {run_id}"
            )
        settings = {"config": config.model_dump(), "experiment": config.experiment()}
        made = {"created": time.time()} | settings | header | users.ownership()
        return _write(root / run_id, made)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY) and root.is_dir():
            raise RunError(  # another process was faster, or the folder is of something else
                f"There is already a folder named {run_id}. Choose another --run."
            ) from None
        raise RunError(
            f"Runs cannot be written to {root}: {error.strerror}. Name another folder in"
            " FRUITLAB_CHECKPOINTS."
        ) from None


def find(run_id: str) -> Run:
    """The run with this id.

    Raises:
        RunError: there is none. The message names similar ones.
    """
    checked_id(run_id)
    for root in (runs_root(), shipped_root()):
        if (root / run_id).is_dir():
            return Run(root / run_id)
    known = [run.id for run in all_runs()]
    if not known:
        hint = "There are no runs yet. Start one: python -m fruitlab train mixed"
    else:
        near = difflib.get_close_matches(run_id, known, 5, 0.4) or known[-5:]
        hint = (
            f"There are {len(known)}, such as {', '.join(near)}. python -m fruitlab runs lists them"
        )
    raise RunError(f"There is no run named {run_id}. {hint}.")


def all_runs() -> Iterator[Run]:
    """Every folder with a config.json: shipped runs first, then the user's, by name."""
    for root in (shipped_root(), runs_root()):
        if root.is_dir():
            for folder in sorted(root.iterdir()):
                if SLUG.fullmatch(folder.name) and (folder / "config.json").is_file():
                    yield Run(folder)


def checked_id(run_id: str) -> str:
    """The id itself, if it is valid; nothing else may reach the file system.

    Raises:
        RunError: it is not.
    """
    if not SLUG.fullmatch(run_id) or run_id == "shipped":
        raise RunError(
            f"{run_id!r} is not a valid name for a run: use up to 80 letters, digits, - and _."
        )
    return run_id


def delete_leftovers() -> None:
    """Delete folders of runs that were being created or deleted when their process was killed."""
    root = runs_root()
    for folder in root.glob(".*") if root.is_dir() else ():
        try:
            old = time.time() - folder.stat().st_mtime > LEFTOVER
        except OSError:
            continue
        if old and UNFINISHED.fullmatch(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path, header: dict[str, Any]) -> Run:
    """Make a run folder with its config.json at once: whoever sees the folder sees the file.

    An empty folder of that name, which earlier versions left when they were killed, is replaced.
    """
    new = folder.with_name(f".new-{secrets.token_hex(4)}")
    new.mkdir()
    try:
        Run(new).write_header(header)
        delete_temporary(folder)
        new.rename(folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    return Run(folder)


def _new_name(config: Method) -> str:
    """A telling, unique name: mixed-60-quick-1a2b."""
    parts = [config.method]
    if config.headline is not None:
        value = getattr(config, config.headline)
        text = f"{value:g}" if isinstance(value, float) else str(value)
        parts.append(re.sub(r"[^A-Za-z0-9]+", "_", text)[:20])
    parts.append(config.preset.partition("@")[0])
    while True:
        name = "-".join([*parts, secrets.token_hex(2)])
        if not _taken(name):
            return name


def _taken(run_id: str) -> bool:
    checked_id(run_id)
    roots = (runs_root(), shipped_root())
    return any((root / run_id / "config.json").exists() for root in roots)
