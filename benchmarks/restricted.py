"""Two things a person waits for: restricted training on cached features, and the answer to one photo.

    python -m benchmarks.restricted [--data NAME|synthetic:60] [--iterations 3000] [--every 20] [--photos 100]

Restricted training with frozen statistics (DESIGN.md section 4): both whole test sets are scored every 20 iterations. The
convolutions have first weights, which cost as much as any others. Goals on 18,000 photos and 2 cores: under 60 s; under 10 ms a photo on one core.
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

from fruitlab.config.presets import configure  # noqa: E402
from fruitlab.data import pictures, store  # noqa: E402
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
        "--iterations", type=int, default=3000, help="of restricted training (default: 3000)"
    )
    parser.add_argument(
        "--every", type=int, default=20, help="iterations between two scores (default: 20)"
    )
    parser.add_argument(
        "--photos", type=int, default=100, help="how often one is answered (default: 100)"
    )
    arguments = parser.parse_args()

    data = DeviceDataset.of(store.load(arguments.data), 0, torch.device("cpu"))
    config = configure(
        "iterative",
        preset="paper",
        iterations=2 * arguments.iterations,
        split=50,
        norms="frozen",
        live_every=arguments.every,
    )
    state = State(config, categories=len(data.categories), device=torch.device("cpu"))
    restricted(config, data, state)
    one_photo(state, data, arguments.photos)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"Peak memory of this process: {peak / (2**30 if sys.platform == 'darwin' else 2**20):.2f} GB"
    )


def restricted(config, data: DeviceDataset, state: State) -> None:
    state.enter(1, fresh_clock=True)  # as if initial training had just ended
    state.iteration = config.iterations // 2
    started = time.perf_counter()
    course = train(config, data, state)
    next(course)  # the score at its start, for which the features are computed
    ready = time.perf_counter()
    scores = 1 + sum(evaluation is not None for evaluation in course)
    ended = time.perf_counter()
    tests = " and ".join(f"{len(data.test[domain])} {domain}" for domain in DOMAINS)
    print(f"Features of training and test pictures: {ready - started:.1f} s")
    print(
        f"{state.phase_iteration} restricted iterations, {scores} scores on {tests} pictures: {ended - ready:.1f} s"
    )


def one_photo(state: State, data: DeviceDataset, times: int) -> None:
    """Medians: the network alone, and from a JPEG's bytes on."""
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
            f"One photo on one core, {what}: median {statistics.median(seconds) * 1e3:.1f} ms, best {min(seconds) * 1e3:.1f} ms"
        )
    torch.set_num_threads(threads)


if __name__ == "__main__":
    main()
