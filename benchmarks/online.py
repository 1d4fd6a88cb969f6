"""Does online training at 3 : 7 learn a stream as well as mixed training learns its pictures?

    python -m benchmarks.online --data photos --iterations 620        # Table 1's network
    python -m benchmarks.online --data photos --iterations 2480 --head

Replays all training pictures of a dataset, nice ones first and then real ones, and compares
- online training at 3 : 7 from buffers (method `online`);
- the same without buffers, which learns each picture when it arrives;
- mixed training: all the pictures there from the start, batches at 3 : 7, as many iterations;
- the closed form, which learns the same stream from the features of a pretrained network.
Runs are kept under `bench-online-*`; finished ones are not trained again.
"""

import argparse
from typing import Any, ClassVar

from fruitlab.closed_form.arriving import accuracy, arriving
from fruitlab.closed_form.leave_one_out import Pictures
from fruitlab.config.errors import RunError
from fruitlab.data import store
from fruitlab.features import cache
from fruitlab.inference.search import NETWORK
from fruitlab.methods.base import Method
from fruitlab.methods.phase import Phase, Pool
from fruitlab.methods.registry import configure, register
from fruitlab.metrics.accuracy import combined
from fruitlab.runs import catalog
from fruitlab.runs.folder import Run
from fruitlab.worker.process import work

RIDGE = 0.1
HEAD = {"preset": "finetune", "trained_layers": "head", "batch_size": 64, "live_every": 100}


@register
class AllAtOnce(Method):
    """All training pictures from the start, 3 : 7 in every batch."""

    name: ClassVar = "all-at-once"
    title: ClassVar = "All pictures at once, 3 : 7"
    description: ClassVar = "Trains on all pictures, with 70% real ones in every batch."

    def phases(self) -> list[Phase]:
        pools = (Pool(real=1.0), Pool(nice=1.0, batch_share=0.3))
        steps = self.iterations
        return [Phase(name="mixed", pools=pools, iterations=steps, horizon=steps)]

    def describe(self) -> str:
        return "all at once, 3 : 7"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="photos", help="a dataset of `data list`")
    parser.add_argument("--iterations", type=int, default=620, help="of every run (620)")
    parser.add_argument(
        "--head",
        action="store_true",
        help="train only a head, on the cached features of EfficientNet-Lite0",
    )
    parser.add_argument("--kept", type=int, nargs="*", default=[100], help="sizes of buffers (100)")
    arguments = parser.parse_args()
    common: dict[str, Any] = {"data": arguments.data, "iterations": arguments.iterations}
    common["preset"] = "quick@2"  # for both: today's quick has other rates for mixed training
    common |= {"full_evaluations": 1} | (HEAD if arguments.head else {})
    prefix = f"bench-online-{'head' if arguments.head else 'paper'}-{arguments.iterations}"
    wanted = {"all at once": configure("all-at-once", **common)}
    for kept in (*arguments.kept, 0):
        wanted[f"online, {kept} kept"] = configure("online", kept=kept, **common)
    print("| | nice | real | combined |\n|---|---|---|---|", flush=True)
    for name, config in wanted.items():
        show(name, *trained(f"{prefix}-{name.split()[1]}", config))
    show("closed form", *closed_form(arguments.data))


def trained(name: str, config: Method) -> tuple[float, float]:
    """Nice and real accuracy of a run, which is trained unless it has finished."""
    run = find(f"{name}-{config.data}".replace(":", "-"), config)
    summary = run.summary() or {}
    if summary.get("status") != "finished":
        summary = work(run, say=lambda line: None)
    return summary["nice"]["top1"], summary["real"]["top1"]


def find(name: str, config: Method) -> Run:
    """The run of that name, created unless it exists."""
    try:
        return catalog.find(name)
    except RunError:
        header = {"device": "auto", "precision": "float32", "data": None}
        return catalog.create(header, config=config, run_id=name)


def closed_form(data: str) -> tuple[float, float]:
    """Nice and real accuracy after the last picture, learned in chunks from cached features."""
    domains = store.load(data, say=print)
    found, count = cache.features(domains, NETWORK), len(domains.categories)
    nice, real = (
        Pictures.of(one.train.astype(float), one.train_labels, count)
        for one in (found.nice, found.real)
    )
    *_, (_, head) = arriving(nice, real, count, RIDGE, 512)
    return tuple(
        accuracy(head, Pictures.of(one.test.astype(float), one.test_labels, count))
        for one in (found.nice, found.real)
    )


def show(name: str, nice: float, real: float) -> None:
    print(f"| {name} | {nice:.3f} | {real:.3f} | {combined(nice, real):.3f} |", flush=True)


if __name__ == "__main__":
    main()
