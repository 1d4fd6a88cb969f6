"""From a camera's frames to a basket: when an item counts, and when to ask what it is.

A till is a pure state machine. An answer that stays the same for `STEADY` frames counts once, and
its category counts again only after `GONE` frames without it. An answer that is not confident asks
instead. What the camera sees while there is nothing to count is remembered: it is the first scene,
unless the network is confident about it, and every scene that a person calls none of the choices.
"""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

STEADY = 3  # frames: 1.5 s at two frames a second
GONE = 2  # one frame with another answer does not count the same item twice
ALIKE = 8.0  # mean difference of two scenes, of 255; a camera's noise is below 1
SCENES = 3  # that are remembered, the newest ones


@dataclass(frozen=True, eq=False)
class Frame:
    """A network's answer to a frame.

    Attributes:
        top: the likeliest categories, most likely first.
        confident: whether such answers are usually right.
        pixels: the frame as the network saw it, uint8 [100, 100, 3].
    """

    top: tuple[str, ...]
    confident: bool
    pixels: np.ndarray


@dataclass(frozen=True)
class Till:
    """What has been counted so far, and what is in front of the camera.

    Attributes:
        basket: how many there are of each category, in the order in which they came.
        question: the frame about which a person is asked, until they answer.
        held: the category in front of the camera; None if there is nothing to count.
        confident: whether the network is, about `held`.
        frames: for how many frames that has been so.
        done: the categories of the item that was counted or asked about last, while it is there.
        missing: for how many frames they have not been seen.
        nothing: the scenes without anything to count, float [10, 10, 3] each.
    """

    basket: dict[str, int] = field(default_factory=dict)
    question: Frame | None = None
    held: str | None = None
    confident: bool = False
    frames: int = 0
    done: frozenset[str] = frozenset()
    missing: int = 0
    nothing: tuple[np.ndarray, ...] = ()

    def look(self, frame: Frame) -> Self:
        """The till after one more frame."""
        held = None if self._is_nothing(frame) else frame.top[0]
        same = (held, frame.confident) == (self.held, self.confident)
        missing = 0 if held in self.done else self.missing + 1
        now = replace(
            self,
            held=held,
            confident=frame.confident,
            frames=self.frames + 1 if same else 1,
            missing=missing,
            done=self.done if missing < GONE else frozenset(),
        )
        if held is None or held in now.done or now.frames < STEADY:
            return now
        there = replace(now, done=frozenset({held}), missing=0)
        if frame.confident:
            return replace(there, basket=self._counts(held, 1))
        if not self.nothing and not self.basket:
            return replace(now, nothing=self._scenes(frame))
        return replace(there, question=frame) if self.question is None else now

    def answer(self, category: str | None) -> Self:
        """The till after a person has answered its question.

        Args:
            category: one of the question's choices; None for none of them. Others change nothing.
        """
        if self.question is None:
            return self
        if category is None:
            return replace(self, question=None, nothing=self._scenes(self.question))
        if category not in self.question.top:
            return self
        return replace(
            self,
            question=None,
            basket=self._counts(category, 1),
            done=self.done | {category},
            missing=0,
        )

    def without(self, category: str) -> Self:
        """The till with one less of a category, if there is any."""
        known = category in self.basket
        return replace(self, basket=self._counts(category, -1)) if known else self

    def cleared(self) -> Self:
        """The till with an empty basket and without a question."""
        return replace(self, basket={}, question=None)

    def _counts(self, category: str, change: int) -> dict[str, int]:
        counts = self.basket | {category: self.basket.get(category, 0) + change}
        return {name: count for name, count in counts.items() if count}

    def _scenes(self, frame: Frame) -> tuple[np.ndarray, ...]:
        return (*self.nothing, _scene(frame))[-SCENES:]

    def _is_nothing(self, frame: Frame) -> bool:
        scene = _scene(frame)
        return any(np.abs(scene - known).mean() < ALIKE for known in self.nothing)


def _scene(frame: Frame) -> np.ndarray:
    """The mean colours of 10 x 10 squares, float [10, 10, 3]."""
    return frame.pixels.reshape(10, 10, 10, 10, 3).mean((1, 3))
