"""Messages about files that a run folder lacks. Runs that ship with FruitLab have only some."""

from fruitlab.config.paths import shipped_root

NAMED = 4  # runs that a message names


def tensors(run_id: str, name: str, *, shipped: bool) -> str:
    """The message for a missing NAME.safetensors."""
    file = f"{name}.safetensors"
    if not shipped:
        return f"{run_id} has no {file} yet. `python -m fruitlab runs` shows its status."
    return (
        f"{run_id} ships without its {name}. {_shipped_with(file)} Choose one of those, or train"
        " this run again from its link on the Runs page."
    )


def shipped_predictions(run_id: str) -> str:
    """The message for a shipped run without predictions.npz."""
    return (
        f"{run_id} ships without its answers to each test picture."
        f" {_shipped_with('predictions.npz')} The scores of this run by category are on the Runs"
        " page, under By category, and in its summary.json."
    )


def _shipped_with(file: str) -> str:
    """A message that names the shipped runs that have a file."""
    ids = [path.parent.name for path in sorted(shipped_root().glob(f"*/{file}"))]
    if not ids:
        return f"No shipped run has {file}."
    more = len(ids) - NAMED
    named = ", ".join(ids[:NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"Shipped runs with {file}: {named}."
