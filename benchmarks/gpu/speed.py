"""Training images per second on the GPU: `benchmarks.training`, with the peers that are installed.

python -m benchmarks.gpu.speed [--out DIR] [--device cuda] [--quick]
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.gpu.part import options, part
from fruitlab.config.paths import PROJECT

BFLOAT16 = ("--precision", "bfloat16")
FULL = (*BFLOAT16, "--data", "synthetic:60", "--seconds", "1.5", "--rounds", "3")
QUICK = (*BFLOAT16, "--data", "synthetic:5", "--batch", "32", "--seconds", "0.1", "--rounds", "1")


def main() -> None:
    asked = options(__doc__.splitlines()[0])
    with part("speed", "Speed", asked.out) as result, tempfile.TemporaryDirectory() as name:
        file = Path(name) / "training.json"
        sizes = QUICK if asked.quick else FULL
        command = ["-m", "benchmarks.training", "--device", asked.device, *sizes]
        subprocess.run([sys.executable, *command, "--json", str(file)], cwd=PROJECT, check=True)
        found = json.loads(file.read_text())
        result.results |= found
        result.note(f"`python {' '.join(command)}`")
        for title, rows in found["tables"].items():
            head = [title, "images/s", "lowest", "highest", "FruitLab paper over it"]
            result.table(head, [[name, *row.values()] for name, row in rows.items()])
        if found["left out"]:
            why = "; ".join(f"{name} ({error})" for name, error in found["left out"].items())
            result.note(f"Left out: {why}.")
        result.note("All in bfloat16: FruitLab's kernels, PyTorch's autocast, Keras's policy.")


if __name__ == "__main__":
    main()
