"""Finished runs of the paper's study, made into results that come with the project: `python -m fruitlab.shipping --data photos`.

They are copied to `checkpoints/shipped/` under names that say what they are: configuration, log, summary and every test picture's
answer of all; the last weights of the mixed runs of seed 0 and of its 50 % split. No pictures. Whoever clones the project has them without
any data. For those who keep the project: nothing else calls it.
"""

import argparse
import shutil
import sys

from fruitlab import runs, standing, studies
from fruitlab.config import RunConfig
from fruitlab.data import store
from fruitlab.files import write_json
from fruitlab.index import Entry, Index

ALWAYS = ("metrics.jsonl", "summary.json", "predictions.npz")
WEIGHTS = "weights.safetensors"
KEPT = ("format", "created", "config", "experiment", "trained_on", "device", "threads", "precision", "data", "versions")  # of config.json


def name(config: RunConfig) -> str:
    """What a shipped run is called: iterative-50-frozen-quick-seed0."""
    share = f"mixed-{config.ratio}" if config.method == "mixed" else f"iterative-{config.split}-{config.norms}"
    return f"{share}-{config.preset.partition('@')[0]}-seed{config.seed}"


def with_weights(config: RunConfig) -> bool:
    return config.seed == 0 and (config.method == "mixed" or config.split == 50)


def ship(entry: Entry) -> int:
    """Copies one run, in place of what was shipped under its name; returns the bytes."""
    target = runs.SHIPPED / name(entry.config)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for file in (*ALWAYS, *([WEIGHTS] if with_weights(entry.config) else [])):
        shutil.copyfile(entry.run.folder / file, target / file)
    write_json(target / "config.json", {key: value for key, value in entry.run.header().items() if key in KEPT})
    return sum(path.stat().st_size for path in target.iterdir())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fruitlab.shipping", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    plan = studies.paper(options.data, preset=options.preset, seeds=options.seeds, norms=("frozen", "follow"))
    entries = [entry for entry in Index().entries() if not entry.run.shipped]
    found = standing.standing(plan, entries, store.load(options.data).fingerprint)
    size = sum(ship(found.found[config]) for config in found.finished)
    print(f"{len(found.finished)} of {len(found.configs)} runs in {runs.SHIPPED.name}/: {size / 1e6:.1f} MB.")
    for config in found.missing:
        print(f"Not there yet: {name(config)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
