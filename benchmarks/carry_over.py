"""Why does a network that was trained on one domain recognize so little of the other?

    python -m benchmarks.carry_over RUN [--group '([A-Za-z0-9-]+)_']

Prints a finished run's accuracy on the other domain's test pictures: as it is; with running
statistics computed anew from that domain's training pictures (does their drift explain it?); by how
white a picture's edge is (does the background?); by the part of the file name that --group matches,
such as the source; and the answers it gives most.
"""

import argparse
import copy
import re
from collections import defaultdict

from fruitlab.training.runtime import prepare

prepare()

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from fruitlab.data import store  # noqa: E402
from fruitlab.inference.predict import load_network  # noqa: E402
from fruitlab.models.kernels.execution import accelerate  # noqa: E402
from fruitlab.models.model import Model  # noqa: E402
from fruitlab.runs import catalog  # noqa: E402
from fruitlab.training.device_dataset import DeviceDataset  # noqa: E402
from fruitlab.training.scoring import infer  # noqa: E402

WHITE, EDGE, BATCH = 235, 4, 256


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument(
        "--group", help="regular expression; its first group names a group of files"
    )
    arguments = parser.parse_args()
    run = catalog.find(arguments.run)
    config = run.config()
    other = "real" if getattr(config, "ratio", 100) < 50 else "nice"
    pair = store.load(config.data, say=print)
    data = DeviceDataset.of(pair, config.split_seed, torch.device("cpu"))
    network, categories = load_network(run)
    network = network.to(memory_format=torch.channels_last)
    test = data.test[other]
    answers = infer(network, data.images, test).argmax(1)
    right = answers == data.labels[test]
    print(
        f"{run.id}: {right.float().mean():.1%} of {len(test):,} {other} test pictures; "
        f"random baseline {1 / len(categories):.1%}"
    )
    again = infer(renewed(network, data, data.train[other]), data.images, test).argmax(1)
    share = (again == data.labels[test]).float().mean()
    print(f"running statistics from {other} training pictures: {share:.1%}")
    for low, high in ((0, 0.1), (0.1, 0.5), (0.5, 1.01)):
        share = whiteness(data.images[test])
        report(
            f"edge white to {low:.0%} - {min(1, high):.0%}", right[(share >= low) & (share < high)]
        )
    domain = pair.real if other == "real" else pair.nice
    first = len(pair.nice.labels) if other == "real" else 0
    if arguments.group:
        groups: dict[str, list[bool]] = defaultdict(list)
        for row, is_right in zip((test - first).tolist(), right.tolist(), strict=True):
            found = re.search(arguments.group, domain.paths[row])
            groups[found[1] if found else "(none)"].append(is_right)
        for name, values in sorted(groups.items(), key=lambda item: -len(item[1])):
            report(name, torch.tensor(values))
    counts = torch.bincount(answers, minlength=len(categories))
    most = counts.topk(4).indices.tolist()
    shares = ", ".join(f"{categories[i]} {counts[i] / len(test):.0%}" for i in most)
    print(f"most frequent answers: {shares}")


def renewed(network: Model, data: DeviceDataset, index: Tensor) -> Model:
    """A copy whose running statistics are the mean over these pictures, in batches."""
    network = copy.deepcopy(network).train()
    shuffled = index[torch.randperm(len(index), generator=torch.Generator().manual_seed(0))]
    with torch.no_grad():
        for number, part in enumerate(shuffled.split(BATCH)):
            network.set_statistics_momentum(number / (number + 1))
            accelerate(network)(network.prepare(data.images[part]))
    return network.eval()


def whiteness(images: Tensor) -> Tensor:
    """The share of white in the upper and lower rows of each picture, float [n]."""
    edges = torch.cat([images[:, :EDGE], images[:, -EDGE:]], 1)
    return (edges.flatten(1) > WHITE).float().mean(1)


def report(name: str, right: Tensor) -> None:
    if len(right):
        print(f"{name:28} {right.float().mean():6.1%} of {len(right):,}")


if __name__ == "__main__":
    main()
