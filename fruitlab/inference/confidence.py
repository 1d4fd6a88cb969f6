"""What a run's answer to a photo is worth, in a sentence: sure or not, and how often an answer like it is right. No torch."""

import html
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fruitlab.config.errors import RunError
from fruitlab.config.text import percent
from fruitlab.metrics import calibration
from fruitlab.metrics.calibration import Answers, Similar
from fruitlab.runs.folder import Run


@dataclass(frozen=True)
class Judgement:
    category: str
    probability: float
    sure: bool | None  # None where the run has no test answers to tell it by
    similar: Similar | None
    domain: str  # whose test pictures it is judged by
    foreign: bool = False  # a drawing before a network that learned from photographs: its test pictures say nothing of those

    @property
    def answer(self) -> str:
        """The category, or "Not sure": what is shown first."""
        return "Not sure" if self.sure is False else self.category

    @property
    def sentence(self) -> str:
        """Plain text, what stands below it."""
        said = (
            f"{self.category} is its likeliest answer, at {percent(self.probability)}. "
            if self.sure is False
            else f"The network gives it {percent(self.probability)}. "
        )
        if self.foreign:
            return said + (
                "The picture is drawn, and the network learned from photographs: it was never taught to read drawings, and how often it is right "
                "on drawings is not known."
            )
        if self.similar is None:
            return said + "How often it is right is known when the run has finished."
        like, (low, high) = self.similar, self.similar.confidence
        between = (
            percent(low) if percent(low) == percent(high) else f"{percent(low)} to {percent(high)}"
        )
        bounds = " to ".join(map(percent, like.interval))
        return said + (
            f"Of the {like.pictures:,} {self.domain} test pictures that it answered about as surely ({between}), "
            f"{percent(like.accuracy)} were right (95 % interval {bounds})."
        )

    @property
    def markup(self) -> str:
        """Both as HTML. Category names come from folders, so they are escaped."""
        return f"<h3>{html.escape(self.answer)}</h3><p>{html.escape(self.sentence)}</p>"


def judge(
    run: Run, top: list[dict[str, Any]], domain: str = "real", *, drawn: bool = False
) -> Judgement:
    """The judgement on a run's three likeliest categories for a picture of that domain; a person's photo is a *real* one.

    Args:
        drawn: the picture is drawn by code.
    """
    first, test = top[0], _test_answers(run)
    if drawn and _learned_from_photographs(run):
        return Judgement(first["category"], first["probability"], None, None, domain, foreign=True)
    if test is None:
        return Judgement(first["category"], first["probability"], None, None, domain)
    answers, sure_from = test[domain]
    return Judgement(
        first["category"],
        first["probability"],
        first["probability"] >= sure_from,
        calibration.similar(answers, first["probability"]),
        domain,
    )


def _learned_from_photographs(run: Run) -> bool:
    try:
        return run.header()["data"]["kind"] == "photographs"
    except (RunError, KeyError, TypeError):
        return False


def _test_answers(run: Run) -> dict[str, tuple[Answers, float]] | None:
    try:
        written = (run.folder / "predictions.npz").stat().st_mtime_ns
        return _read(run.folder, written)
    except (OSError, RunError):
        return None


@lru_cache(maxsize=128)
def _read(folder, written: int) -> dict[str, tuple[Answers, float]]:
    try:
        table = Run(folder).predictions()
        parts = {domain: calibration.answers(table, domain) for domain in ("nice", "real")}
    except (KeyError, IndexError, TypeError, ValueError) as error:  # a table that is not ours
        raise RunError(
            f"{folder.name}: its predictions are not as they were written ({error})."
        ) from None
    return {domain: (part, calibration.sure_from(part)) for domain, part in parts.items()}
