"""Time of restricted training on cached features, and of the answer to one photo.

    python -m benchmarks.restricted [--data NAME] [--iterations N] [--every N] [--photos N]

Running statistics are frozen, and both test sets are scored every 20 iterations. The network is
untrained, which does not change the time. Goals for 18,000 photos on 2 cores: 60 s; 10 ms per photo
on one core.
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

from fruitlab.config.run_config import RunConfig  # noqa: E402
from fruitlab.data import pictures, store  # noqa: E402
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
        "--data",
        default="synthetic:60",
        help="a name from `fruitlab data list` (default: synthetic:60)",
    )
    parser.add_argument(
        "--iterations", type=int, default=3000, help="restricted iterations (default: 3000)"
    )
    parser.add_argument(
        "--every", type=int, default=20, help="iterations between evaluations (default: 20)"
    )
    parser.add_argument(
        "--photos", type=int, default=100, help="number of answers to a photo (default: 100)"
    )
    arguments = parser.parse_args()

    data = DeviceDataset.of(store.load(arguments.data), RunConfig(), torch.device("cpu"))
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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 2**30 if sys.platform == "darwin" else 2**20
    print(f"Peak memory: {peak / unit:.2f} GB")


def restricted(config: RunConfig, data: DeviceDataset, state: State) -> None:
    """Time the computation of features and the restricted phase."""
    state.enter(1, fresh_clock=True)  # as if initial training had just ended
    state.iteration = config.iterations // 2
    started = time.perf_counter()
    events = train(config, data, state)
    next(events)  # the evaluation at the switch, for which the features are computed
    ready = time.perf_counter()
    evaluations = 1 + sum(evaluation is not None for evaluation in events)
    ended = time.perf_counter()
    tests = " and ".join(f"{len(data.test[domain])} {domain}" for domain in DOMAINS)
    print(f"Features of training and test pictures: {ready - started:.1f} s")
    print(
        f"{state.phase_iteration} restricted iterations, {evaluations} evaluations on {tests} "
        f"pictures: {ended - ready:.1f} s"
    )


def one_photo(state: State, data: DeviceDataset, times: int) -> None:
    """Time the network alone, and together with reading a JPEG file."""
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
        ("including reading a JPEG of 1000 x 1000", stream.getvalue()),
    ):
        answered(photo)
        seconds = [answered(photo) for _ in range(times)]
        median, best = 1e3 * statistics.median(seconds), 1e3 * min(seconds)
        print(f"One photo on one core, {what}: median {median:.1f} ms, best {best:.1f} ms")
    torch.set_num_threads(threads)


if __name__ == "__main__":
    main()
