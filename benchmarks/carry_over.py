"""Why does a network trained on one domain classify so little of the other?

    python -m benchmarks.carry_over RUN [--group '([A-Za-z0-9-]+)_']

Prints the accuracy of a finished run on the other domain's test pictures
- as trained;
- with running statistics recomputed on that domain's training pictures, which would help if the
  statistics were the problem;
- by how white the edges of a picture are, because white ones would be recognized if the background
  were the problem;
- by a part of the file name, such as the source (--group);
and its most frequent answers.
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
    parser.add_argument("run", help="the name of a finished run")
    parser.add_argument(
        "--group",
        metavar="REGEX",
        help="group pictures by the first group of this regular expression in their file names",
    )
    arguments = parser.parse_args()
    run = catalog.find(arguments.run)
    config = run.config()
    other = "real" if config.method == "mixed" and config.ratio < 50 else "nice"
    pair = store.load(config.data, say=print)
    data = DeviceDataset.of(pair, config, torch.device("cpu"))
    network, categories = load_network(run)
    network = network.to(memory_format=torch.channels_last)
    test = data.test[other]
    answers = infer(network, data.images, test).argmax(1)
    right = answers == data.labels[test]
    print(
        f"{run.id}: {right.float().mean():.1%} of {len(test):,} {other} test pictures; "
        f"random baseline {1 / len(categories):.1%}"
    )
    recomputed = with_statistics_of(network, data, data.train[other])
    again = infer(recomputed, data.images, test).argmax(1) == data.labels[test]
    print(f"running statistics of {other} training pictures: {again.float().mean():.1%}")
    for low, high in ((0, 0.1), (0.1, 0.5), (0.5, 1.01)):
        share = whiteness(data.images[test])
        chosen = (share >= low) & (share < high)
        report(f"edges {low:.0%} to {min(1, high):.0%} white", right[chosen])
    domain = pair.real if other == "real" else pair.nice
    first = len(pair.nice.labels) if other == "real" else 0
    if arguments.group:
        groups: dict[str, list[bool]] = defaultdict(list)
        for place, good in zip((test - first).tolist(), right.tolist(), strict=True):
            found = re.search(arguments.group, domain.paths[place])
            groups[found[1] if found else "(none)"].append(good)
        for name, goods in sorted(groups.items(), key=lambda item: -len(item[1])):
            report(name, torch.tensor(goods))
    counts = torch.bincount(answers, minlength=len(categories))
    most = counts.topk(min(4, len(categories))).indices.tolist()
    shares = ", ".join(f"{categories[i]} {counts[i] / len(test):.0%}" for i in most)
    print(f"most frequent answers: {shares}")


def with_statistics_of(network: Model, data: DeviceDataset, index: Tensor) -> Model:
    """A copy of the network with running statistics averaged over batches of these pictures."""
    network = copy.deepcopy(network).train()
    shuffled = index[torch.randperm(len(index), generator=torch.Generator().manual_seed(0))]
    with torch.no_grad():
        for number, part in enumerate(shuffled.split(BATCH)):
            network.set_statistics_momentum(number / (number + 1))
            accelerate(network)(network.prepare(data.images[part]))
    return network.eval()


def whiteness(images: Tensor) -> Tensor:
    """The share of white in the top and bottom rows of each picture, float [n]."""
    return (torch.cat([images[:, :EDGE], images[:, -EDGE:]], 1).flatten(1) > WHITE).float().mean(1)


def report(name: str, right: Tensor) -> None:
    """Print the accuracy of a group of pictures, if there are any."""
    if len(right):
        print(f"{name:28} {right.float().mean():6.1%} of {len(right):,}")


if __name__ == "__main__":
    main()
