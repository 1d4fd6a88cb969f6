"""Run folders as a stranger may send them: a valid one in which one file is not as it should be."""

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from run_folders import run_folder

from fruitlab.runs.folder import Run

DEEP = "[" * 100_000
FILES = (
    "config.json",
    "summary.json",
    "activity.json",
    "label.json",
    "metrics.jsonl",
    "weights.safetensors",
    "predictions.npz",
)


def changed(name: str, **fields: Any) -> Callable[[Path], None]:
    """Changes fields of a JSON file; of `data` in config.json if they are given as `data__x`."""

    def change(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        for key, value in fields.items():
            place = content
            *parents, last = key.split("__")
            for parent in parents:
                place = place[parent]
            place[last] = value
        (folder / name).write_text(json.dumps(content))

    return change


def written(name: str, content: str | bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def logged(**fields: Any) -> Callable[[Path], None]:
    """Changes fields of the last evaluation in the log."""

    def change(folder: Path) -> None:
        lines = (folder / "metrics.jsonl").read_text().splitlines()
        lines[-1] = json.dumps(json.loads(lines[-1]) | fields)
        (folder / "metrics.jsonl").write_text("\n".join(lines) + "\n")

    return change


def pipe(name: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return make


def tensors(header: dict | str, size: int = 16) -> bytes:
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(text)) + text + bytes(size)


def tensor(dtype: str = "F32", **metadata: Any) -> bytes:
    """A file of one tensor of 16 bytes."""
    width = {"BF16": 2, "F8_E4M3": 1}.get(dtype, 4)
    one = {"dtype": dtype, "shape": [16 // width], "data_offsets": [0, 16]}
    return tensors({"w": one} | ({"__metadata__": metadata} if metadata else {}))


def table(**columns: np.ndarray) -> Callable[[Path], None]:
    """Changes columns of predictions.npz."""

    def change(folder: Path) -> None:
        with np.load(folder / "predictions.npz") as file:
            content = dict(file)
        np.savez(folder / "predictions.npz", **(content | columns))

    return change


def claimed(shape: tuple[int, ...]) -> Callable[[Path], None]:
    """A predictions.npz of which one column claims to be of that shape."""

    def change(folder: Path) -> None:
        header = io.BytesIO()
        description = {"descr": "<i4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(header, description)
        with zipfile.ZipFile(folder / "predictions.npz", "a") as file:
            file.writestr("more.npy", header.getvalue())

    return change


KINDS: dict[str, Callable[[Path], None]] = {
    **{f"a pipe as {name}": pipe(name) for name in FILES[1:]},
    **{f"deep {name}": written(name, DEEP) for name in FILES},
    **{f"bytes as {name}": written(name, bytes(range(256))) for name in FILES},
    **{
        f"{value} as {name}": written(name, value)
        for name in FILES[:5]
        for value in ("null", "[]", "3")
    },
    "a pipe to play": pipe("play.safetensors"),
    "a play file of bytes": written("play.safetensors", bytes(range(256))),
    "a huge config": written("config.json", '{"format": 2, "a": "' + "x" * 5_000_000 + '"}'),
    "a deep setting": written("config.json", '{"format": 2, "config": ' + DEEP),
    "data is a text": changed("config.json", data="text"),
    "no categories": changed("config.json", data__categories=[]),
    "categories are a number": changed("config.json", data__categories=3),
    "a fingerprint is a list": changed("config.json", data__fingerprint=["a"]),
    "a kind is a number": changed("config.json", data__kind=1),
    "counts are numbers": changed("config.json", data__counts={"Bolt": 3}),
    "training pictures are texts": changed(
        "config.json", data__training_pictures={"mixed": {"nice": "a", "real": "b"}}
    ),
    **{
        f"created {value}": changed("config.json", created=value)
        for value in (1e18, float("inf"), float("nan"), -1e18, "now", None, 2**1100)
    },
    "a format that is a text": changed("config.json", format="2"),
    "an experiment is a list": changed("config.json", experiment=[1]),
    "a config is a list": changed("config.json", config=[1]),
    "an iteration of 2000 digits": changed("config.json", config__iterations=10**2000),
    "scores are texts": changed("summary.json", nice__top1="0.5"),
    "a score of two": changed("summary.json", combined__top1=2),
    "an interval of one number": changed("summary.json", nice__top1_interval=[0.1]),
    "scores are a number": changed("summary.json", nice=3, best="x"),
    "categories' scores are a list": changed("summary.json", real__per_category=[1]),
    "seconds are infinite": changed("summary.json", seconds=float("inf")),
    "a status is a list": changed("summary.json", status=[1]),
    "an error is a number": changed("summary.json", status="failed", error=5),
    "a title is a list": written("label.json", '{"title": [1], "note": {}}'),
    "a title of half a character": written("label.json", '{"title": "\\ud800"}'),
    "more right than pictures": logged(nice=[10, 20, 30]),
    "no pictures": logged(nice=[0, 0, 0], real=[0, 0, 0]),
    "negative counts": logged(nice=[-5, -6, -7]),
    "NaN in the log": logged(loss=float("nan")),
    "infinity in the log": logged(seconds=float("inf"), learning_rate=float("-inf")),
    "numbers too large for a float": logged(iteration=2**1100),
    "texts for numbers": logged(nice=["1", "2", "3"], seconds="4"),
    "a phase is a dictionary": logged(phase={"a": 1}),
    "metadata is null": written("weights.safetensors", tensors({"__metadata__": None}, 0)),
    "metadata is a list": written("weights.safetensors", tensors({"__metadata__": [1]}, 0)),
    "a header is a list": written("weights.safetensors", tensors("[1]", 0)),
    "a header claims 8 TB": written("weights.safetensors", struct.pack("<Q", 2**43) + b"{}"),
    "deep notes": written("weights.safetensors", tensor(fruitlab=DEEP)),
    "notes are a list": written("weights.safetensors", tensor(fruitlab="[1]")),
    **{
        f"notes name categories {value}": written(
            "weights.safetensors", tensor(fruitlab=json.dumps({"categories": value}))
        )
        for value in (3, [1, 2], {"a": 1}, [{}], [])
    },
    "numbers of a type that NumPy has not": written("weights.safetensors", tensor("BF16")),
    "numbers of 8 bits": written("weights.safetensors", tensor("F8_E4M3")),
    "predictions claim 8 GB": claimed((2_000_000_000,)),
    "predictions claim 8 TB": claimed((2_000_000, 1_000_000)),
    "predictions of different length": table(rank=np.zeros(3, np.int32)),
    "predictions of unknown categories": table(truth=np.full(180, 1000, np.int32)),
    "predictions of texts": table(probability=np.full((180, 3), "x")),
    "predictions that are sure by NaN": table(probability=np.full((180, 3), np.nan, np.float32)),
    "predictions without categories": table(categories=np.array([], "U1")),
}


def hostile(kind: str, run_id: str = "hostile") -> Run:
    """A run folder of a kind."""
    made = run_folder(run_id)
    (made.folder / "label.json").write_text('{"title": "A title"}')
    KINDS[kind](made.folder)
    return made
