"""Runs that go on from another's snapshot: iterative splits share their initial training (paper 5.1). No torch."""

from fruitlab.config.files import write_whole
from fruitlab.config.run_config import RunConfig
from fruitlab.runs.folder import Run, create


def snapshot_name(iteration: int) -> str:
    return f"snapshot-{iteration}"


def branch(trunk: Run, iteration: int, *, config: RunConfig) -> Run:
    """A new run that goes on from another's snapshot at that iteration: it holds a copy of the state and of the log up to there, so
    that resuming it trains what it would have come to alone (paper 5.1: nine splits share their initial training).

    Raises RunError where the snapshot is missing or damaged, or the root cannot be written.
    """
    name = snapshot_name(iteration)
    _, notes = trunk.read_tensors(name)
    header = {
        key: value
        for key, value in trunk.header().items()
        if key
        in ("device", "trained_on", "threads", "precision", "computed_in", "data", "versions")
    }
    run = create(header | {"initial_training_of": trunk.id}, config=config)
    with open(trunk.log, "rb") as file:
        write_whole(run.log, file.read(notes["log_length"]))
    if trunk.has(f"{name}-best"):
        write_whole(
            run.folder / "best.safetensors",
            (trunk.folder / f"{name}-best.safetensors").read_bytes(),
        )
    # The state last: a run without one starts at the beginning, which takes longer and comes to the same.
    write_whole(
        run.folder / "state.safetensors", (trunk.folder / f"{name}.safetensors").read_bytes()
    )
    return run
