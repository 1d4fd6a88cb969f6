"""Pictures, zips, run folders and links that are made to break FruitLab.

    python -m benchmarks.hostile --pictures 1000 --zips 50 --runs 200 --links 500

Each of them must end in a result or in a message: no other error, no file outside the folder, no
more than 10 seconds, and no process with more than 1 GB. Prints what broke; exit status 1 then.
benchmarks.hostile_urls does the same with addresses of a server.
"""

import argparse
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.originals import originals
from fruitlab.app import permalinks
from fruitlab.cli import listings
from fruitlab.config.errors import DataError, RunError
from fruitlab.config.paths import PROJECT
from fruitlab.data import archive, decoding
from fruitlab.data.pictures import BadPicture
from fruitlab.inference import confidence, examples
from fruitlab.metrics import accuracy
from fruitlab.runs import captions, cost, labels, sweeps
from fruitlab.runs.folder import Run
from fruitlab.runs.index import Index

SECONDS, MEMORY = 10.0, 1e9
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**53 + 1, -(2**70), 1e18, 1e308, -0.5, 10**4000),
    *("", "x", "../../etc/passwd", "![p](http://evil.example/x.png)", "\0", "\ud800", "1" * 5000),
    *([], {}, [[]], {"a": {}}, float("nan"), float("inf"), "a" * 100_000),
]
Failure = tuple[str, str]  # what broke, and how


@contextmanager
def _watched(name: str, failures: list[Failure], *expected: type[Exception]) -> Iterator[None]:
    """Note anything but success and the expected errors, and whatever takes too long."""
    began = time.monotonic()
    try:
        yield
    except expected:
        pass
    except Exception:
        failures.append((name, traceback.format_exc()))
    if (took := time.monotonic() - began) > SECONDS:
        failures.append((name, f"took {took:.1f} s"))


def mutated_bytes(rng: random.Random, content: bytes) -> bytes:
    """The content with flipped, removed, repeated or inserted bytes."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 3, 10))):
        at = rng.randrange(max(1, len(changed)))
        match rng.randrange(5):
            case 0:
                changed[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                changed[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff"))
            case 2:
                del changed[at : at + rng.choice((1, 10, 1000))]
            case 3:
                changed[at:at] = changed[at : at + 200]
            case 4:
                del changed[at:]
    return bytes(changed)


def mutated_value(rng: random.Random, value: Any) -> Any:
    """A JSON value with one part of it replaced, removed or added."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        if rng.random() < 0.1:
            return {name: one for name, one in value.items() if name != key}
        return value | {key: mutated_value(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return [*value[:at], mutated_value(rng, value[at]), *value[at + 1 :]]
    return rng.choice(VALUES)


def pictures(count: int, rng: random.Random) -> list[Failure]:
    """Mutated pictures of every kind through the decoders, which read them as they were."""
    failures: list[Failure] = []
    valid = list(originals())
    for _, content in valid:
        decoding.read(content)
    for number in range(count):
        name, content = rng.choice(valid)
        with _watched(f"picture {number} {name}", failures, BadPicture):
            decoding.read(mutated_bytes(rng, content))
    return failures


def zips(count: int, rng: random.Random) -> list[Failure]:
    """Mutated zips: nothing may be written outside of the target, or left after an error."""
    failures: list[Failure] = []
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for domain in ("nice", "real"):
            for number in range(6):
                made.writestr(f"{domain}/Bolt/{number}.png", bytes(1000))
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "x.zip", Path(folder) / "in" / "out"
        for number in range(count):
            source.write_bytes(mutated_bytes(rng, file.getvalue()))
            with _watched(f"zip {number}", failures, DataError):
                archive.unpack(source, target)
            shutil.rmtree(target.parent, ignore_errors=True)
            if left := [path.name for path in Path(folder).iterdir() if path != source]:
                failures.append((f"zip {number}", f"wrote {left}"))
    return failures


def links(count: int, rng: random.Random) -> list[Failure]:
    """Links with garbage in every parameter."""
    failures: list[Failure] = []
    names = ("preset", "method", "ratio", "seed", "data", "iterations", "width", "fingerprint")
    for number in range(count):
        query = {name: str(rng.choice(VALUES)) for name in rng.sample(names, 3)}
        with _watched(f"link {number} {str(query)[:200]}", failures):
            permalinks.from_query(query)
    return failures


def runs(count: int, rng: random.Random) -> list[Failure]:
    """Run folders of which one file is mutated, as the pages and commands read them."""
    failures: list[Failure] = []
    valid = PROJECT / "checkpoints" / "shipped" / "mixed-60-thorough-seed0"
    with tempfile.TemporaryDirectory() as folder:
        roots = {"FRUITLAB_CHECKPOINTS": folder, "FRUITLAB_SHIPPED": f"{folder}/.nothing"}
        with mock.patch.dict(os.environ, roots):
            for number in range(count):
                made = Path(folder) / f"run-{number}"
                shutil.copytree(valid, made)
                what = break_run(rng, made)
                failures += [(f"run {number}: {what}", how) for _, how in look_at(Run(made))]
                shutil.rmtree(made)
    return failures


def break_run(rng: random.Random, folder: Path) -> str:
    """Mutate one file of a run folder; returns what was done."""
    names = ["config.json", "summary.json", "metrics.jsonl", "weights.safetensors"]
    path = folder / rng.choice([*names, "predictions.npz", "label.json", "activity.json"])
    if path.suffix == ".json" and not path.exists():
        path.write_text(json.dumps({"title": "t", "note": "n", "doing": "x", "since": 1.0}))
    kind = rng.choice(("bytes", "bytes", "value", "value", "value", "value", "pipe", "deep"))
    match kind:
        case "value" if path.suffix == ".json":
            content = mutated_value(rng, json.loads(path.read_text()))
            path.write_text(json.dumps(content))
        case "value" if path.suffix == ".jsonl":
            lines = path.read_text().splitlines()
            at = rng.randrange(len(lines))
            lines[at] = json.dumps(mutated_value(rng, json.loads(lines[at])))
            path.write_text("\n".join(lines) + "\n")
        case "pipe":
            path.unlink()
            os.mkfifo(path)
        case "deep":
            path.write_text("[" * 100_000)
        case _:
            path.write_bytes(mutated_bytes(rng, path.read_bytes()))
    return f"{kind} of {path.name}"


def look_at(run: Run) -> list[Failure]:
    """Read a run folder in all the ways that pages and commands do; returns what broke."""
    failures: list[Failure] = []

    def each(name: str, look: Callable[[], Any]) -> None:
        with _watched(name, failures, RunError, DataError):
            look()

    each("row", lambda: listings.run_table([listings.run_row(run)]))
    each("status", run.status)
    each("table", lambda: accuracy.table_scores(run.predictions()))
    each("best", lambda: accuracy.best_scores(run.metrics()))
    each("csv", lambda: labels.log_as_csv(run))
    each("label", lambda: labels.write_label(run, title="a", note="b"))
    each("examples", lambda: examples.examples(run))
    top = [{"category": "Apple", "probability": 0.5}]
    each("confidence", lambda: confidence.calibrated_answer(run, top))
    for name in ("weights", "best", "state"):
        each(name, lambda name=name: run.read_tensors(name))
    each("index", lambda: _look_at_entries(run))
    return failures


def _look_at_entries(run: Run) -> None:
    entries = Index(rest=0).entries()
    sweeps.sweeps(entries)
    for entry in entries:
        if entry.id != run.id:
            continue
        if entry.status == "unreadable" and not entry.error:
            raise AssertionError("unreadable without a reason")
        time.gmtime(entry.created)
        entry.scores()
        entry.final("combined")
        entry.curves()
        captions.run_caption(entry)
        captions.choice_caption(entry)
        cost.run_speed(entry)
        cost.seconds_left(entry)
        captions.legends([entry] if entry.config else [])


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    kinds = {"pictures": pictures, "zips": zips, "runs": runs, "links": links}
    for name in kinds:
        parser.add_argument(f"--{name}", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args(arguments)
    broken = 0
    for name, attack in kinds.items():
        count, began = getattr(options, name), time.monotonic()
        failures = attack(count, random.Random(options.seed))
        broken += len(failures)
        for what, how in failures:
            print(f"{what}\n{how}")
        seconds = time.monotonic() - began
        print(f"{name}: {count:,} tried in {seconds:.0f} s, {len(failures):,} broke something")
    decoding.stop()  # only processes that have ended are counted
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    most = max(usage.ru_maxrss for usage in usages) * 1024  # Linux counts in kB
    print(f"The largest process had {most / 1e6:,.0f} MB.")
    return 1 if broken or most > MEMORY else 0


if __name__ == "__main__":
    sys.exit(main())
