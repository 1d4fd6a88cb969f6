"""Reading tensors and tables of unknown origin: headers are checked before any content is read.

Neither format can run code. But a header can claim any size, and values can point anywhere.
"""

import io
import struct
import zipfile
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from safetensors import safe_open

from fruitlab.config.files import open_regular, parse_json
from fruitlab.runs import schema

MAX_HEADER = 4_000_000  # bytes of a safetensors header; that of 400 tensors has 40,000
MAX_TABLE = 400_000_000  # bytes of predictions.npz in memory; 6,890 pictures take 3 million
MAX_COLUMNS = 32
# The types of safetensors that NumPy has.
DTYPES = frozenset({"BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64"}) | {
    "F16",
    "F32",
    "F64",
}
TABLE_KINDS = {
    "categories": "U",
    "hash": "U",
    "path": "U",
    "real": "b",
    "truth": "i",
    "rank": "i",
    "top3": "i",
    "probability": "f",
}


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The tensors of a safetensors file by name, and FruitLab's notes.

    Raises:
        OSError: the file cannot be read.
        ValueError, SafetensorError: it is damaged, or holds what no run writes.
    """
    with open_regular(path) as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if length > MAX_HEADER:
            raise ValueError(f"its header has {length / 1e6:,.0f} MB")
        header = parse_json(file.read(length))
    kinds = {one.get("dtype") for key, one in header.items() if key != "__metadata__"}
    if unknown := kinds - DTYPES:
        raise ValueError(f"it holds numbers of the type {', '.join(sorted(map(str, unknown)))}")
    with safe_open(path, framework="numpy") as tensors:  # checks sizes against the file
        notes = schema.notes(tensors.metadata() or {})
        return {name: tensors.get_tensor(name) for name in tensors.keys()}, notes  # noqa: SIM118


def read_table(path: Path) -> dict[str, np.ndarray]:
    """predictions.npz, as `training.predictions` describes it; other columns are left out.

    Raises:
        OSError: the file cannot be read.
        ValueError, BadZipFile, zlib.error, EOFError: it is damaged.
    """
    with open_regular(path) as file:
        with zipfile.ZipFile(file) as archive:
            _check_sizes(archive)
        file.seek(0)
        with np.load(file, allow_pickle=False) as content:
            missing = TABLE_KINDS.keys() - set(content.files)
            if missing:
                raise ValueError(f"it has no {', '.join(sorted(missing))}")
            table = {name: content[name] for name in TABLE_KINDS}
    _check_values(table)
    return table


def table_file(table: dict[str, np.ndarray]) -> bytes:
    """The content of predictions.npz.

    The fastest compression takes a third of the time of `np.savez_compressed` and makes the file of
    6,890 pictures 15% larger.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, column in table.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, column, allow_pickle=False)
    return buffer.getvalue()


def _check_sizes(archive: zipfile.ZipFile) -> None:
    members, total = archive.infolist(), 0
    if len(members) > MAX_COLUMNS:
        raise ValueError(f"it has {len(members):,} columns")
    for member in members:
        with archive.open(member) as column:
            shape, dtype = _array_header(column)
        size = prod(shape) * dtype.itemsize
        total += size
        if dtype.hasobject or total > MAX_TABLE or size > member.file_size:
            raise ValueError(f"{member.filename} claims {size / 1e6:,.0f} MB")


def _array_header(column: Any) -> tuple[tuple[int, ...], np.dtype]:
    stream: BinaryIO = column
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in read:
        raise ValueError(f"an array of format {version}")
    shape, _, dtype = read[version](stream)
    return shape, dtype


def _check_values(table: dict[str, np.ndarray]) -> None:
    """Raises ValueError if the columns do not fit together."""
    for name, kind in TABLE_KINDS.items():
        if table[name].dtype.kind != kind:
            raise ValueError(f"{name} is {table[name].dtype}")
    categories, pictures = len(table["categories"]), len(table["truth"])
    per_picture = ("hash", "path", "real", "truth", "rank")
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(per_picture, (pictures,))
    answers = (pictures, min(3, categories))
    shapes |= {"categories": (categories,), "top3": answers, "probability": answers}
    if any(table[name].shape != shape for name, shape in shapes.items()):
        raise ValueError("its columns have different lengths")
    for name in ("truth", "rank", "top3"):
        if table[name].size and not 0 <= table[name].min() <= table[name].max() < categories:
            raise ValueError(f"{name} is out of range")
    probability = table["probability"]
    if not ((probability >= 0) & (probability <= 1 + 1e-3)).all():
        raise ValueError("a probability is not from 0 to 1")
