"""Search by picture: the pictures of a dataset that are most like a photo, in both domains.

The photo's features come from the prediction server, those of the dataset from the cache on disk,
so pages search without torch. `prepare` computes what is not in the cache, with torch.
"""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from fruitlab.closed_form.nearest import Nearest, lowest
from fruitlab.config.errors import DataError, RunError
from fruitlab.config.paths import data_root
from fruitlab.config.progress import Progress
from fruitlab.data.domains import DOMAINS, DomainName, TwoDomains
from fruitlab.features import cache, writer
from fruitlab.features.views import VERSION, VIEWS
from fruitlab.inference import client
from fruitlab.runs.folder import Run

NETWORK = "efficientnet-lite0"
# What describes the pictures: a network with pretrained weights by its name, or a run's network.
By = str | Run


@dataclass(frozen=True, eq=False)
class Found:
    """A picture of the dataset.

    Attributes:
        category, domain: what it shows, and "nice" or "real".
        distance: 0 (the same) to 2: one minus the cosine of the angle between the vectors.
        path: within the domain, such as "Apple/x.jpg".
        picture: uint8 [100, 100, 3].
    """

    category: str
    domain: DomainName
    distance: float
    path: str
    picture: np.ndarray


def prepare(data: TwoDomains, by: By = NETWORK, progress: Progress | None = None) -> None:
    """Compute the features of a dataset, unless they are in the cache. Imports torch.

    Raises:
        ConfigError, DataError: as `features.cache.features`.
        RunError: as `predict.load_network`.
    """
    if not isinstance(by, Run):
        cache.features(data, by, progress=progress)
        return
    from fruitlab.inference.predict import RunFeatures

    pictures = [data.domain(name).images for name in DOMAINS]
    writer.write(
        _file_of_run(data, by), pictures, lambda: RunFeatures(by), VIEWS["whole"], progress
    )


class Gallery:
    """The pictures of a dataset, ready to be searched. Takes a second or two to make.

    Raises:
        DataError: the features are not in the cache; the message says what to do.
    """

    def __init__(self, data: TwoDomains, by: By = NETWORK) -> None:
        self.data, self.by = data, by
        rows = rows_of(data, by)
        count = len(data.nice.labels)
        self.nearest = Nearest(
            (rows[:count], data.nice.labels),
            (rows[count:], data.real.labels),
            len(data.categories),
        )

    def search(self, photo: client.Photo, count: int = 6) -> tuple[np.ndarray, list[Found]]:
        """The pictures most like a photo, which may be the photo itself.

        Args:
            photo: a picture file, its bytes, or pixels as `decoding.read` returns them.
            count: how many to find in each domain.

        Returns:
            uint8 [100, 100, 3], the photo as the network saw it; and what was found in both
            domains, nearest first.

        Raises:
            BadPicture: the photo cannot be used.
            PredictorError: the network gives no features.
        """
        if isinstance(self.by, Run):
            seen, features = client.features(self.by, photo)
        else:
            seen, feature_map = client.feature_map(self.by, 0, photo)
            features = feature_map.mean((1, 2))
        distances, first_real = self.nearest.distances(features[None])[0], self.nearest.nice
        places = [
            *lowest(distances[:first_real], count),
            *(first_real + lowest(distances[first_real:], count)),
        ]
        places.sort(key=distances.__getitem__)
        return seen, [self._found(int(row), float(distances[row])) for row in places]

    def _found(self, row: int, distance: float) -> Found:
        domain, place = self.data.place(row)
        category = self.data.categories[domain.labels[place]]
        picture = np.array(domain.images[place])
        return Found(category, domain.name, distance, domain.paths[place], picture)


def rows_of(data: TwoDomains, by: By) -> np.ndarray:
    """The features of all pictures, nice ones first, float16 [n, size], from the cache.

    Raises:
        DataError: they are not there.
    """
    if isinstance(by, Run):
        if (path := _file_of_run(data, by)).is_file():
            return np.load(path, mmap_mode="r")
    elif cache.available(data, by):
        found = cache.features(data, by)
        return np.concatenate([found.nice.rows, found.real.rows])
    options = (
        f" --run {by.id}" if isinstance(by, Run) else "" if by == NETWORK else f" --network {by}"
    )
    raise DataError(
        f"The features of {data.name!r} have not been computed yet. Compute them once: "
        f"python -m fruitlab search --data {data.name}{options}"
    )


def _file_of_run(data: TwoDomains, run: Run) -> Path:
    try:
        weights = (run.folder / "weights.safetensors").read_bytes()
    except OSError:
        raise RunError(f"{run.id} has no weights yet. Choose a run that has finished.") from None
    digest = blake2b(weights, digest_size=6).hexdigest()
    return data_root() / ".features" / f"{data.fingerprint}-run-{digest}-v{VERSION}.npy"
