"""Finished runs of the paper's study, made into results that come with the project: `python -m fruitlab.studies.release --data photos`.

They are copied to `checkpoints/shipped/` under names that say what they are: configuration, log and summary (with scores by category) of all; of
the mixed runs and the 50 % split of the study's seed 0 every test picture's answer and the last weights too. Beside the study in one recipe,
what there is of it in the paper's own, and of the ablations. No pictures. Whoever clones the project has them without any data. For those who keep
the project: nothing else calls it.
"""

import argparse
import shutil
import sys

from fruitlab.config.files import write_json
from fruitlab.config.paths import shipped_root
from fruitlab.config.run_config import EVALUATION, RunConfig
from fruitlab.data import store
from fruitlab.methods.registry import configure
from fruitlab.runs.index import Entry, Index
from fruitlab.studies import ablations, progress
from fruitlab.studies import plans as studies

# Names of shipped runs keep the words of the version that made them.
SHIPPED_NAMES = {"updated": "follow"}
ALWAYS = ("metrics.jsonl", "summary.json")
KEPT = (
    "format",
    "created",
    "config",
    "experiment",
    "trained_on",
    "device",
    "threads",
    "computed_in",
    "data",
    "versions",
)  # of config.json


def name(config: RunConfig) -> str:
    """What a shipped run is called: iterative-50-frozen-thorough-seed0; reading-bn-momentum-up-to-0-999; with six digits of its experiment
    where it is neither a recipe as it is nor an ablation."""
    if ablation := ablations.EARLY.ablation_of(config):
        return f"reading-{ablation.slug}"
    mixed, preset = config.method == "mixed", config.preset.partition("@")[0]
    share = (
        {"ratio": config.ratio}
        if mixed
        else {
            "split": config.split,
            "running_statistics": config.running_statistics,
        }
    )
    plain = configure(config.method, preset=preset, data=config.data, seed=config.seed, **share)
    changed = plain.model_dump(exclude=set(EVALUATION)) != config.model_dump(
        exclude=set(EVALUATION)
    )
    return "-".join(
        map(
            str,
            [
                config.method,
                *(SHIPPED_NAMES.get(value, value) for value in share.values()),
                preset,
                *([config.experiment()[:6]] if changed else []),
                f"seed{config.seed}",
            ],
        )
    )


def files(config: RunConfig, main: str) -> tuple[str, ...]:
    """What of a run is shipped; `main` is the recipe of the study that the pages open on."""
    whole = (
        config.seed == 0
        and config.preset.partition("@")[0] == main
        and (config.method == "mixed" or config.split == 50)
    )
    return (*ALWAYS, "predictions.npz", "weights.safetensors") if whole else ALWAYS


def ship(entry: Entry, main: str) -> int:
    """Copies one run, in place of what was shipped under its name; returns the bytes."""
    target = shipped_root() / name(entry.config)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for file in files(entry.config, main):
        shutil.copyfile(entry.run.folder / file, target / file)
    write_json(
        target / "config.json",
        {key: value for key, value in entry.run.header().items() if key in KEPT},
    )
    return sum(path.stat().st_size for path in target.iterdir())


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m fruitlab.studies.release", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", required=True)
    parser.add_argument(
        "--preset", default="thorough", help="the recipe of the study that the pages open on"
    )
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    plans = {
        "the study": studies.paper(
            options.data,
            preset=options.preset,
            seeds=options.seeds,
            running_statistics=("frozen", "updated"),
        ),
        "the study in the paper's own recipe": studies.paper(options.data, preset="paper"),
        "early ablations": ablations.EARLY.plan(options.data),
        "ablations of the switch": ablations.SWITCH.plan(options.data),
        "ablations at full length": ablations.FULL_LENGTH.plan(options.data),
    }
    entries, fingerprint = (
        [entry for entry in Index().entries() if not entry.run.shipped],
        store.load(options.data).fingerprint,
    )
    for what, plan in plans.items():
        found = progress.study_progress(plan, entries, fingerprint)
        size = sum(ship(found.found[config], options.preset) for config in found.finished)
        print(
            f"{what}: {len(found.finished)} of {len(found.configs)} runs in {shipped_root().name}/, {size / 1e6:.1f} MB."
        )
        for config in found.missing if what == "the study" else ():
            print(f"Not there yet: {name(config)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
