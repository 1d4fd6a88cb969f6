"""Copies finished runs of the paper's study to checkpoints/shipped, which ships with FruitLab.

For the maintainers: `python -m fruitlab release --data photos`. Released are the study with one
preset, what is finished of it with the paper's own preset and with other networks, the ablations,
and the study of methods against forgetting, with the candidates that its settings were chosen from;
then the study of memories, and distilled networks. Of tuning runs, a table of their scores is
released. Every other run comes with its configuration, log and summary; mixed runs and 50% splits,
distilled networks and the two best methods, all of seed 0, also with their weights and predictions
for every test picture. Weights of runs that are not of the paper's study are in half precision. No
pictures are copied, so the pages show these runs without any data. A run's name
says what it is, such as iterative-50-frozen-thorough-seed0.
"""

import bz2
import io
import json
import lzma
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from fruitlab.config.files import write_json
from fruitlab.config.paths import shipped_root
from fruitlab.config.run_config import EVALUATION
from fruitlab.data import store
from fruitlab.methods.base import Method
from fruitlab.methods.distil import Distil
from fruitlab.methods.registry import configure
from fruitlab.runs import schema
from fruitlab.runs.folder import Run
from fruitlab.runs.grouping import preset_name
from fruitlab.runs.index import Index
from fruitlab.studies import ablations, forgetting, memory, plans, progress, tuning_runs
from fruitlab.studies.reproduction import METHODS

# Names of shipped runs keep the words of the version that made them.
SHIPPED_NAMES = {"updated": "follow"}
# Settings in the name of a shipped run, by its method.
NAMED = {"mixed": ("ratio",), "iterative": ("split", "running_statistics")}
ALWAYS = ("metrics.jsonl", "summary.json")
WEIGHTS = ("predictions.npz", "weights.safetensors")
BEST = 2  # methods of the study whose weights are released
KEPT = ("format", "created", "config", "experiment", *schema.TRAINED_ON)  # keys of config.json


def release(data: str, *, preset: str, seeds: int = 1) -> tuple[list[dict[str, Any]], list[str]]:
    """Copy every finished run on the dataset, replacing what was released under the same name.

    Args:
        preset: of the study that the pages show first.

    Returns:
        {study, released, runs, bytes} for each study, and the names of the runs that the main study
        still lacks.
    """
    main = plans.paper(data, preset=preset, seeds=seeds, running_statistics=("frozen", "updated"))
    studies = {
        "paper": main,
        "paper, with the paper's preset": plans.paper(data, preset="paper"),
        "paper, at twice the width": plans.paper(data, preset="quick@2", width=2),
        "paper, pretrained and fine-tuned": plans.paper(data, preset="finetune"),
        **{found.name: found.plan(data) for found in ablations.SETS.values()},
        "forgetting": forgetting.plan(data, preset=preset, seeds=seeds),
        "memory": memory.plan(data, preset=preset, seeds=seeds),
        "distilled": plans.distilled(data, preset=preset),
    }
    everything = Index().entries()
    entries = [entry for entry in everything if not entry.run.shipped]
    fingerprint = store.load(data).fingerprint
    progress_of = {
        title: progress.study_progress(plan, entries, fingerprint)
        for title, plan in studies.items()
    }
    # Beside runs that were released before.
    known = progress.study_progress(studies["forgetting"], everything, fingerprint)
    judged = forgetting.judge(known)
    best = [one.config for one in judged.methods[:BEST]] if judged else []
    released: list[dict[str, Any]] = []
    counted: set[Method] = set()  # a run that several studies have is the first one's
    for title, now in progress_of.items():
        runs = [config for config in now.configs if config not in counted]
        done = [config for config in runs if config in now.finished]
        size = sum(
            copy(now.found[config].run, config, preset, with_weights=config in best)
            for config in done
        )
        counted |= set(runs)
        released.append({"study": title, "released": len(done), "runs": len(runs), "bytes": size})
    table = shipped_root() / tuning_runs.SHIPPED
    if rows := tuning_runs.write(entries, fingerprint, table):
        row = {"study": "tuning, a table", "released": rows, "runs": rows}
        released.append(row | {"bytes": table.stat().st_size})
    return released, [name(config) for config in progress_of["paper"].missing]


def copy(run: Run, config: Method, main: str, *, with_weights: bool = False) -> int:
    """Copy one run, replacing what was released under its name; returns its size in bytes.

    Args:
        main: the preset of the main study.
        with_weights: also weights and predictions that `files` does not name.
    """
    target = shipped_root() / name(config)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    chosen = (*ALWAYS, *WEIGHTS) if with_weights else files(config, main)
    for file in chosen:
        shutil.copyfile(run.folder / file, target / file)
    weights = target / "weights.safetensors"
    if config.method not in METHODS and weights.exists():
        halve(weights)
    header = {key: value for key, value in run.header().items() if key in KEPT}
    write_json(target / "config.json", header)
    shrink(target)
    return sum(path.stat().st_size for path in target.iterdir())


def shrink(folder: Path) -> None:
    """Make the files of a released run smaller without a loss: JSON without spaces, and bzip2."""
    for path in folder.glob("*.json*"):
        parts = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
        lines = (json.dumps(json.loads(part), separators=(",", ":")) for part in parts)
        path.write_text("".join(f"{line}\n" for line in lines))
    if (folder / "predictions.npz").exists():
        compress(folder / "predictions.npz")


def halve(path: Path) -> None:
    """Store the large float32 tensors of a safetensors file in float16, which halves its size.

    Small ones stay: they are the statistics and biases, whose range float16 does not have.
    """
    with safe_open(path, framework="numpy") as file:
        notes = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name, values in tensors.items():
        if values.dtype == np.float32 and values.ndim > 1:
            tensors[name] = values.astype(np.float16)
    save_file(tensors, path, notes)


def compress(path: Path) -> None:
    """Store each column of predictions.npz in bzip2 or LZMA, whichever makes it smaller.

    That is a fourth less than numpy's own compression.
    """
    content = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(path, "w") as new:
        for member in old.namelist():
            column = old.read(member)
            smaller = len(lzma.compress(column)) < len(bz2.compress(column))
            kind = zipfile.ZIP_LZMA if smaller else zipfile.ZIP_BZIP2
            new.writestr(member, column, kind)


def files(config: Method, main: str) -> tuple[str, ...]:
    """The files to copy besides config.json; `main` is the preset of the main study."""
    with_weights = (
        config.seed == 0
        and not config.validation  # a candidate: only its scores are needed
        and preset_name(config) == main
        and (isinstance(config, Distil) or config.settings().get("split", 50) == 50)
    )
    return (*ALWAYS, *WEIGHTS) if with_weights else ALWAYS


def name(config: Method) -> str:
    """The name of a released run.

    Such as iterative-50-frozen-thorough-seed0, or reading-bn-momentum-up-to-0-999 for an ablation;
    with six digits of the experiment's hash where other settings differ from the preset.
    """
    if ablation := ablations.EARLY.ablation_of(config):
        return f"reading-{ablation.slug}"
    preset, settings = preset_name(config), config.settings()
    share = {name: settings[name] for name in NAMED.get(config.method, ())}
    plain = configure(config.method, preset=preset, data=config.data, seed=config.seed, **share)
    changed = plain.experiment(without=EVALUATION) != config.experiment(without=EVALUATION)
    words = [SHIPPED_NAMES.get(value, value) for value in share.values()]
    parts = [config.method, *words, preset]
    if changed:
        parts.append(config.experiment()[:6])
    return "-".join(map(str, [*parts, f"seed{config.seed}"]))
