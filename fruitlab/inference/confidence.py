"""Calibrated confidence: how often an answer as confident as this one is right.

The probabilities of a network are overconfident, so each answer is compared with the run's own
answers to test pictures, whose categories are known (`fruitlab.metrics.calibration`).
"""

import html
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fruitlab.config.errors import RunError
from fruitlab.config.text import percent
from fruitlab.inference.familiarity import UNFAMILIAR
from fruitlab.metrics import calibration
from fruitlab.metrics.calibration import Answers, Similar
from fruitlab.runs.folder import Run


@dataclass(frozen=True)
class CalibratedAnswer:
    """The most likely category for a picture, and what the network's confidence in it is worth.

    Attributes:
        category: the most likely category.
        probability: the network's probability for it, between 0 and 1.
        confident: whether answers with this probability are right at least as often as wrong; None
            if the run has no test answers to tell from.
        similar: the test answers nearest in probability, None if there are none.
        domain: ``nice`` or ``real``, whose test pictures it is compared with.
        drawn_for_photos: the picture is drawn and the network was trained on photographs, so its
            test pictures say nothing about this one.
        own_photo: the picture comes from neither the test set nor the drawn examples.
        unfamiliar: it looks like nothing the network was trained on, so no test answer says
            anything about this one.
    """

    category: str
    probability: float
    confident: bool | None
    similar: Similar | None
    domain: str
    drawn_for_photos: bool = False
    own_photo: bool = False
    unfamiliar: bool = False

    @property
    def heading(self) -> str:
        """The category, "Not confident" or "Unfamiliar picture"."""
        if self.unfamiliar:
            return "Unfamiliar picture"
        return "Not confident" if self.confident is False else self.category

    @property
    def explanation(self) -> str:
        """One to three sentences of plain text to go below the heading."""
        probability = percent(self.probability)
        if self.unfamiliar:
            return (
                f"{UNFAMILIAR} {self.category} is the most likely of its categories, with "
                f"probability {probability}, but that means little here."
            )
        if self.confident is False:
            first = f"{self.category} is the most likely category, with probability {probability}."
        else:
            first = f"The network gives this category a probability of {probability}."
        return f"{first} {self._reliability()}"

    @property
    def markup(self) -> str:
        """Heading and explanation as HTML, with the names of categories escaped."""
        return self.marked("")

    def marked(self, mark: str) -> str:
        """`markup` with a mark before the heading."""
        return f"<h3>{mark}{html.escape(self.heading)}</h3><p>{html.escape(self.explanation)}</p>"

    def _reliability(self) -> str:
        if self.drawn_for_photos:
            return (
                "The picture is drawn, but the network was trained on photographs only: its "
                "accuracy on drawings is not known."
            )
        if self.similar is None:
            return "How often it is right is known when the run has finished."
        low, high = map(percent, self.similar.confidence)
        confidence = low if low == high else f"{low} to {high}"
        interval = " to ".join(map(percent, self.similar.interval))
        text = (
            f"Of the {self.similar.pictures:,} {self.domain} test pictures answered with similar "
            f"confidence ({confidence}), {percent(self.similar.accuracy)} were classified "
            f"correctly (95% interval {interval})."
        )
        if self.own_photo:
            text += " Photos unlike the test pictures are classified correctly less often."
        return text


def calibrated_answer(
    run: Run,
    top: list[dict[str, Any]],
    domain: str = "real",
    *,
    drawn: bool = False,
    tested: bool = False,
    familiar: bool | None = None,
) -> CalibratedAnswer:
    """The first of a run's answers to a picture, with its calibrated confidence.

    Args:
        run: the run whose network answered.
        top: ``[{"category": str, "probability": float}]``, most likely first.
        domain: domain of the picture, ``nice`` or ``real``; a visitor's photo is real.
        drawn: the picture was drawn by code.
        tested: the picture is one of the run's own test pictures.
        familiar: what `familiarity.is_familiar` says about a visitor's photo.
    """
    category, probability = top[0]["category"], top[0]["probability"]
    if familiar is False:
        return CalibratedAnswer(category, probability, False, None, domain, unfamiliar=True)
    if drawn and _trained_on_photographs(run):
        return CalibratedAnswer(category, probability, None, None, domain, drawn_for_photos=True)
    test = _test_answers(run)
    if test is None:
        return CalibratedAnswer(category, probability, None, None, domain)
    answers, threshold = test[domain]
    return CalibratedAnswer(
        category,
        probability,
        probability >= threshold,
        calibration.similar(answers, probability),
        domain,
        own_photo=not (drawn or tested),
    )


def _trained_on_photographs(run: Run) -> bool:
    try:
        return run.header()["data"]["kind"] == "photographs"
    except (RunError, KeyError, TypeError):
        return False


def _test_answers(run: Run) -> dict[str, tuple[Answers, float]] | None:
    """The test answers and the confidence threshold of each domain; None if there are none."""
    try:
        written = (run.folder / "predictions.npz").stat().st_mtime_ns
        return _read(run.folder, written)
    except (OSError, RunError):
        return None


@lru_cache(maxsize=128)
def _read(folder: Path, written: int) -> dict[str, tuple[Answers, float]]:
    try:
        table = Run(folder).predictions()
        answers = {domain: calibration.answers(table, domain) for domain in ("nice", "real")}
    except (KeyError, IndexError, TypeError, ValueError) as error:  # not a table of ours
        raise RunError(
            f"{folder.name}: predictions.npz is damaged ({error}). Train the run again."
        ) from None
    return {domain: (part, calibration.sure_from(part)) for domain, part in answers.items()}
