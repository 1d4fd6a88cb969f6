"""The answer for a dataset of one's own: the best ratio, a network for it, and what it confuses."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.config.progress import Progress, Say
from fruitlab.data.domains import DOMAINS, DomainName, TwoDomains
from fruitlab.methods.closed_form import ClosedForm
from fruitlab.methods.registry import configure
from fruitlab.runs import catalog
from fruitlab.runs.folder import Run
from fruitlab.studies.all_ratios import every_ratio, file_of

USE = """\
import json, numpy, onnxruntime
from PIL import Image, ImageOps
model = onnxruntime.InferenceSession("{file}")
photo = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("RGB")
pixels = numpy.asarray(ImageOps.fit(photo, (100, 100), Image.Resampling.LANCZOS))
probabilities = model.run(None, {{"pictures": pixels[None]}})[0][0]
labels = json.loads(model.get_modelmeta().custom_metadata_map["categories"])
print(labels[probabilities.argmax()], probabilities.max())
"""


@dataclass(frozen=True)
class Confusion:
    """Test pictures of one category that were given the same wrong answer.

    Attributes:
        domain: of the pictures.
        category: the true one.
        answer: the wrong one.
        share: of the category's test pictures in this domain, a fraction.
        rows: places in the table of predictions, the most confident first.
    """

    domain: DomainName
    category: str
    answer: str
    share: float
    rows: tuple[int, ...]


def answer(
    data: TwoDomains, network: str, *, device: str, progress: Progress, say: Say
) -> tuple[AllRatios, Run]:
    """Try every ratio, and make a run with the best one.

    The ratio and the ridge are chosen on training pictures. The heads at all ratios are kept for
    the Explore page, the run for everything that runs are for.

    Raises:
        ConfigError, DataError: as `features.cache.features`. RunError: the run failed.
    """
    given: dict[str, Any] = {"data": data.name, "network": network}
    config = configure(ClosedForm.name, **given)
    assert isinstance(config, ClosedForm)
    ratios = every_ratio(data, config, progress=progress)
    file_of(data.fingerprint).parent.mkdir(parents=True, exist_ok=True)
    ratios.save(file_of(data.fingerprint))
    given |= {"ratio": ratios.best, "ridge": ratios.facts["ridge"]}
    run = catalog.create(
        {"device": device, "precision": "float32", "data": None},
        config=configure(ClosedForm.name, **given),
    )
    from fruitlab.worker.process import work

    work(run, device=None, say=say)
    return ratios, run


def confusions(table: dict[str, np.ndarray], count: int = 5) -> list[Confusion]:
    """The most frequent confusions, by their share of a category's test pictures in a domain.

    Args:
        table: `Run.predictions()`.
        count: at most so many.
    """
    names, found = table["categories"].tolist(), []
    for domain in DOMAINS:
        inside = table["real"] == (domain == "real")
        for label, name in enumerate(names):
            rows = np.flatnonzero(inside & (table["truth"] == label))
            answers = table["top3"][rows, 0]
            for wrong in np.unique(answers[answers != label]).tolist():
                these = rows[answers == wrong]
                these = these[np.argsort(-table["probability"][these, 0], kind="stable")]
                share = len(these) / len(rows)
                found.append(Confusion(domain, name, names[wrong], share, tuple(these.tolist())))
    return sorted(found, key=lambda one: (-one.share, one.category, one.answer))[:count]


def model_file(run: Run) -> Path:
    """Where the Data page keeps the exported model of a run."""
    return run.folder / "model.onnx"
