"""Do the paper's hypotheses 1 and 2 hold for a frozen pretrained network, over several splits?

    python -m fruitlab ratios-file --data photos --set split_seed=1 --out one.safetensors
    python -m benchmarks.splits checkpoints/shipped/ratios.safetensors one.safetensors ...

Each file is of another division of the same pictures into training and test pictures. Prints the
test scores at the paper's ratios, mean and deviation over the files, and the verdicts of
`fruitlab.studies.findings` on them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from fruitlab.closed_form.all_ratios import AllRatios
from fruitlab.metrics.accuracy import SCORES
from fruitlab.studies import findings
from fruitlab.studies.plans import RATIOS
from fruitlab.studies.scores import Column, Scores


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, help="what `ratios-file` wrote")
    files = [AllRatios.load(path) for path in parser.parse_args().files]
    column = scores(files)
    for ratio, one in column.items():
        print(f"| {ratio}% | " + " | ".join(cell(one, score) for score in SCORES) + " |")
    print("chosen by leave-one-out:", ", ".join(f"{file.best}%" for file in files))
    for verdict in (findings.own_domain(column), findings.near_half(column)):
        print(verdict.check, verdict.status, dict(verdict.values))


def scores(files: Sequence[AllRatios]) -> Column:
    """The test scores of all files at the paper's ratios, one value per file."""
    pictures = files[0].confusion[0].sum((1, 2)).tolist()
    return {
        ratio: Scores(
            *(tuple(f.curves[s]["top1"][ratio] for f in files) for s in SCORES), *pictures
        )
        for ratio in RATIOS
    }


def cell(one: Scores, score: str) -> str:
    deviation = one.deviation(score)
    return f"{one.mean(score):.1%}" + (f" ± {100 * deviation:.1f}" if deviation else "")


if __name__ == "__main__":
    main()
