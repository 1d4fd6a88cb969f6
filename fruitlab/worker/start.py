"""What a run may begin with: another run's weights, and the pictures of a stream of folders."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from fruitlab.config.errors import RunError
from fruitlab.data.stream import Stream, folder_of
from fruitlab.models.model import Model
from fruitlab.runs import catalog, versions
from fruitlab.runs.folder import Run
from fruitlab.training.device_dataset import DeviceDataset


def load_start(network: Model, start: Run, categories: Sequence[str]) -> None:
    """Load a run's final weights, of a version those of its base and its own last layer.

    A category that it does not know gets zero weights and the mean of the biases: it is then as
    likely as an average category, whatever the picture, and the answers to the others stay as they
    were.

    Raises:
        RunError: they are missing, damaged, or of a network of another shape.
    """
    tensors, notes = versions.read_tensors(start, "weights")
    known = notes.get("categories") or start.header()["data"]["categories"]
    row = torch.tensor([known.index(name) if name in known else -1 for name in categories])
    ((prefix, _),) = [(name, m) for name, m in network.named_modules() if m is network.last_layer]
    found = {name: torch.from_numpy(array) for name, array in tensors.items()}
    for name in (f"{prefix}.weight", f"{prefix}.bias"):
        if name in found:
            old, new = found[name], found[name].new_zeros(())
            if name.endswith("bias"):
                new = old.mean()
            unknown = (row < 0).view(-1, *[1] * (old.dim() - 1))
            found[name] = torch.where(unknown, new, old[row])
    try:
        network.load_state_dict(found)
    except RuntimeError:
        raise RunError(
            f"The weights of {start.id} do not fit this run's network. Start from a run of the "
            "same network and width, whose weights are of one network."
        ) from None


def with_arrivals(dataset: DeviceDataset, run: Run) -> DeviceDataset:
    """The dataset with the pictures of the run's stream of folders; itself for other runs.

    Categories that it lacks come last: those of the run that this one starts from, and new ones.

    Raises:
        RunError, DataError: the stream or some of its pictures are missing.
    """
    stream = run.header().get("stream")
    if stream is None:
        return dataset
    taken = Stream(folder_of(stream))
    sessions = {one.run: one for one in taken.sessions()}
    if run.id not in sessions:
        raise RunError(f"The stream {stream!r} of {run.id} is not on this machine any more.")
    held, arrivals = taken.pictures_of(sessions[run.id])
    pictures, count = [*held, *arrivals], len(dataset.labels)
    header = run.header()
    if header["data"] is None:  # the training has not begun
        header = catalog.find(str(run.config().start_run())).header()
    new = (one.category for one in pictures)
    names = list(dict.fromkeys((*dataset.categories, *header["data"]["categories"], *new)))
    device = dataset.labels.device
    images = torch.from_numpy(np.stack([one.pixels() for one in pictures])).to(device)
    labels = torch.tensor([names.index(one.category) for one in pictures], device=device)
    is_real = torch.tensor([one.domain == "real" for one in pictures], device=device)
    places = torch.arange(count, count + len(pictures), device=device)
    return replace(
        dataset,
        categories=tuple(names),
        images=torch.cat([dataset.images, images]),
        labels=torch.cat([dataset.labels, labels]),
        is_real=torch.cat([dataset.is_real, is_real]),
        held=places[: len(held)],
        arrivals=places[len(held) :],
    )
