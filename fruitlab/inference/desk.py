"""A few pictures of one's own, kept in memory: learned in closed form, and answered.

Two to five things are photographed in both domains. With so few pictures there is no test set: each
picture is scored by the head that learned all the others (leave-one-out). Pictures of one burst
look alike, so these scores are optimistic.
"""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from fruitlab.closed_form.leave_one_out import Choice, Pictures, choose, probabilities
from fruitlab.data.domains import DOMAINS, DomainName
from fruitlab.inference import client
from fruitlab.inference.client import Photo
from fruitlab.metrics.best import longest_best

NETWORK = "efficientnet-lite0"
RIDGE = 0.1  # what leave-one-out predictions choose on thousands of photos of fruit
LEAST, MOST = 3, 40  # pictures of a thing in a domain
MOST_THINGS = 5
FOLDERS: dict[str, DomainName] = {"nice": "nice", "studio": "nice", "real": "real", "field": "real"}


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture.

    Attributes:
        pixels: uint8 [100, 100, 3].
        features: float32 [features].
    """

    pixels: np.ndarray
    features: np.ndarray


def look(photo: Photo) -> Shot:
    """A photo with its features. Raises BadPicture, PredictorError as `client.feature_map`."""
    pixels, found = client.feature_map(NETWORK, 0, photo)
    return Shot(pixels, found.mean((1, 2)))


@dataclass
class Desk:
    """The pictures so far.

    Attributes:
        shots: by thing and domain, in the order in which they came.
    """

    shots: dict[tuple[str, DomainName], list[Shot]] = field(default_factory=dict)

    def add(self, thing: str, domain: DomainName, shot: Shot) -> bool:
        """Keep a picture; False if there are enough of its kind, or too many things."""
        kept = self.shots.setdefault((thing, domain), [])
        if len(kept) >= MOST or (thing not in self.things and len(self.things) >= MOST_THINGS):
            return False
        kept.append(shot)
        return True

    def of(self, thing: str, domain: DomainName) -> list[Shot]:
        """The pictures of a thing in a domain."""
        return self.shots.get((thing, domain), [])

    @property
    def things(self) -> list[str]:
        """Those with a picture, by name."""
        return sorted({thing for (thing, _), kept in self.shots.items() if kept})

    @property
    def complete(self) -> list[str]:
        """The things with enough pictures in both domains, by name."""
        return [
            thing
            for thing in self.things
            if all(len(self.of(thing, domain)) >= LEAST for domain in DOMAINS)
        ]

    def learn(self) -> "Learned":
        """The heads at all ratios for the complete things, of which there must be two or more."""
        things = self.complete
        domains = []
        for domain in DOMAINS:
            rows = [
                (shot.features, label)
                for label, thing in enumerate(things)
                for shot in self.of(thing, domain)
            ]
            features = np.stack([row for row, _ in rows])
            labels = np.array([label for _, label in rows])
            domains.append(Pictures.of(features, labels, len(things), balance=True))
        nice, real = domains
        choice = choose(nice, real, len(things), ridge=RIDGE)
        return Learned(tuple(things), choice, (len(nice.labels), len(real.labels)))

    def zipped(self) -> bytes:
        """The pictures of the complete things as a zip of two folders, as the importer takes it."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for thing in self.complete:
                for domain in DOMAINS:
                    for number, shot in enumerate(self.of(thing, domain)):
                        content = io.BytesIO()
                        Image.fromarray(shot.pixels).save(content, "PNG")
                        archive.writestr(f"{domain}/{thing}/{number}.png", content.getvalue())
        return file.getvalue()


@dataclass(frozen=True, eq=False)
class Learned:
    """What was learned from a desk.

    Attributes:
        things: names, in the order of the answers.
        choice: the curves, the best ratio and the heads (`leave_one_out.choose`).
        pictures: number of nice and of real ones.
    """

    things: tuple[str, ...]
    choice: Choice
    pictures: tuple[int, int]

    @property
    def near_best(self) -> tuple[int, int]:
        """First and last ratio in percent with the best combined performance."""
        return longest_best(self.choice.combined)

    @property
    def best(self) -> int:
        """The ratio in the middle of the best ones: a few pictures cannot tell them apart."""
        return sum(self.near_best) // 2

    def answer(self, shot: Shot, percent: int) -> np.ndarray:
        """Calibrated probabilities of the things at a ratio, float64 [things]."""
        path, ratio = self.choice.path, percent / 100
        found = path.rotate(shot.features[None]) @ path.rotated_head(ratio)
        return probabilities(found[0], self.choice.temperature)


def sort_folders(names: Iterable[str]) -> list[tuple[str, DomainName] | None]:
    """The thing and the domain of each file of a dropped folder, from its path; None for others.

    The last two folders decide: ``.../studio/Mug/1.jpg``, or nice, real or field in place of
    studio.
    """
    found: list[tuple[str, DomainName] | None] = []
    for name in names:
        parts = PurePosixPath(name.replace("\\", "/")).parts
        domain = FOLDERS.get(parts[-3].lower()) if len(parts) > 2 else None
        found.append((parts[-2], domain) if domain else None)
    return found
