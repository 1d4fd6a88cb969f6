"""Runs that continue from another run's snapshot. No torch.

The nine splits of the paper's iterative study share their initial training this way (paper 5.1).
"""

from typing import Literal

from fruitlab.config.files import write_whole
from fruitlab.methods.base import Method
from fruitlab.runs import schema, steps
from fruitlab.runs.catalog import create
from fruitlab.runs.folder import Run


def snapshot_name(iteration: int | Literal["*"]) -> str:
    """Name of the snapshot's file at an iteration, without its suffix; "*" for a glob pattern."""
    return f"snapshot-{iteration}"


def branch(trunk: Run, iteration: int, *, config: Method) -> Run:
    """Create a run that continues from another run's snapshot.

    The new run folder gets a copy of the state and of the log up to the snapshot. Resuming it gives
    the same weights, bit for bit, as training it from the beginning.

    Args:
        trunk: the run that kept the snapshot.
        iteration: of the snapshot.
        config: of the new run.

    Raises:
        RunError: the snapshot is missing or damaged, or the folder cannot be written.
    """
    name = snapshot_name(iteration)
    _, notes = trunk.read_tensors(name)
    header = {key: value for key, value in trunk.header().items() if key in schema.TRAINED_ON}
    run = create(header | {"initial_training_of": trunk.id}, config=config)
    with open(trunk.log, "rb") as file:
        write_whole(run.log, file.read(notes["log_length"]))
    steps.copy(trunk, run, iteration)
    if trunk.has(f"{name}-best"):
        best = (trunk.folder / f"{name}-best.safetensors").read_bytes()
        write_whole(run.folder / "best.safetensors", best)
    # The state comes last: a run without a state starts from the beginning, which is slower but
    # gives the same result.
    state = (trunk.folder / f"{name}.safetensors").read_bytes()
    write_whole(run.folder / "state.safetensors", state)
    return run
