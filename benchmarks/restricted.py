"""Two things a person waits for: restricted training on cached features, and one photo's answer.

    python -m benchmarks.restricted [--data NAME|synthetic:60] [--iterations 3000] [--every 20]
                                    [--photos 100]

Restricted training with frozen running statistics evaluates both whole test sets every 20
iterations. The backbone has its initial weights, which cost as much as any others. The goals on
18,000 photos and two cores: under 60 s, and under 10 ms per photo on one core.
"""

import argparse
import io
import resource
import statistics
import sys
import time

from fruitlab.training.runtime import prepare

prepare()

import torch  # noqa: E402
from PIL import Image  # noqa: E402

from fruitlab.data import pictures, store  # noqa: E402
from fruitlab.methods.base import Method  # noqa: E402
from fruitlab.methods.registry import configure  # noqa: E402
from fruitlab.models.folded import inference_model  # noqa: E402
from fruitlab.training.device_dataset import DOMAINS, DeviceDataset  # noqa: E402
from fruitlab.training.loop import train  # noqa: E402
from fruitlab.training.state import State  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", default="synthetic:60", help="name from `fruitlab data list` (synthetic:60)"
    )
    parser.add_argument("--iterations", type=int, default=3000, help="iterations (3000)")
    parser.add_argument("--every", type=int, default=20, help="between two evaluations (20)")
    parser.add_argument("--photos", type=int, default=100, help="photos to classify (100)")
    arguments = parser.parse_args()

    data = DeviceDataset.of(store.load(arguments.data), 0, torch.device("cpu"))
    config = configure(
        "iterative",
        preset="paper",
        iterations=2 * arguments.iterations,
        split=50,
        running_statistics="frozen",
        live_every=arguments.every,
    )
    state = State(config, categories=len(data.categories), device=torch.device("cpu"))
    restricted(config, data, state)
    one_photo(state, data, arguments.photos)
    peak, unit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 2**20
    if sys.platform == "darwin":  # bytes there, kB elsewhere
        unit = 2**30
    print(f"Peak memory of this process: {peak / unit:.2f} GB")


def restricted(config: Method, data: DeviceDataset, state: State) -> None:
    """The times of restricted training, as if initial training had just ended."""
    state.enter(1, fresh_clock=True)
    state.iteration = config.iterations // 2
    started = time.perf_counter()
    course = train(config, data, state)
    next(course)  # the evaluation at its start, which needs the features
    ready = time.perf_counter()
    evaluations = 1 + sum(evaluation is not None for evaluation in course)
    ended = time.perf_counter()
    tests = " and ".join(f"{len(data.test[domain])} {domain}" for domain in DOMAINS)
    print(f"Features of training and test pictures: {ready - started:.1f} s")
    print(
        f"{state.phase_iteration} restricted iterations, {evaluations} evaluations on {tests} "
        f"pictures: {ended - ready:.1f} s"
    )


def one_photo(state: State, data: DeviceDataset, times: int) -> None:
    """The median and minimum time for a photo: of the network alone, and from a JPEG's bytes on."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    network = inference_model(state.network)
    stream = io.BytesIO()
    Image.fromarray(data.images[0].numpy()).resize((1000, 1000)).save(stream, "JPEG")

    @torch.inference_mode()
    def answered(photo: bytes | None) -> float:
        picture = data.images[0]
        started = time.perf_counter()
        if photo is not None:
            picture = torch.from_numpy(pictures.read(photo))
        torch.softmax(network(network.prepare(picture.unsqueeze(0))), 1).topk(3)
        return time.perf_counter() - started

    for what, photo in (
        ("network alone", None),
        ("with reading a JPEG of 1000 x 1000", stream.getvalue()),
    ):
        answered(photo)
        seconds = [answered(photo) for _ in range(times)]
        print(
            f"One photo on one core, {what}: median {statistics.median(seconds) * 1e3:.1f} ms, "
            f"minimum {min(seconds) * 1e3:.1f} ms"
        )
    torch.set_num_threads(threads)


if __name__ == "__main__":
    main()
