"""A public dataset is one declaration, which recognises and selects its own pictures."""

import dataclasses
import importlib
from pathlib import Path

from layout_files import make_files

from fruitlab.data import sources
from fruitlab.data.layouts import find_pictures
from fruitlab.data.sources import SOURCES, Source
from fruitlab.data.sources.base import ClassFolders, Layout
from fruitlab.data.walking import files_below


def recognise(class_folders: ClassFolders) -> bool:
    """Recognises folders named after screw threads."""
    return class_folders.share(lambda name: name.startswith("M")) == 1


def select(root: Path, class_folders: ClassFolders, per_category: int) -> Layout:
    """Puts all threads into one category."""
    files = [file for folder in class_folders.folders for file in files_below(folder)]
    return Layout("threads", {"Bolt": tuple(files[:per_category])}, {}, "Threads.")


THREADS = Source(
    name="threads",
    title="Threads",
    handle="someone/threads",
    about="photos of bolts",
    domain="real",
    licence="CC0",
    recognise=recognise,
    select=select,
)


def test_every_module_that_declares_a_source_is_registered():
    folder = Path(sources.__file__).parent
    modules = [
        importlib.import_module(f"{sources.__name__}.{path.stem}")
        for path in folder.glob("*.py")
        if path.stem != "__init__"
    ]
    declared = {module.SOURCE.name for module in modules if hasattr(module, "SOURCE")}
    assert declared == set(SOURCES)
    assert list(SOURCES) == ["fruits-360", "fruits-262"], "nice before real"


def test_a_declared_source_is_recognised(tmp_path, monkeypatch):
    make_files(tmp_path, "M3/1.jpg", "M3/2.jpg", "M4/1.jpg")
    assert find_pictures(tmp_path).kind == "folders"
    monkeypatch.setitem(SOURCES, THREADS.name, THREADS)
    layout = find_pictures(tmp_path, per_category=2)
    assert layout.kind == "threads" and len(layout.pictures["Bolt"]) == 2
    renamed = dataclasses.replace(THREADS, recognise=lambda class_folders: False)
    monkeypatch.setitem(SOURCES, THREADS.name, renamed)
    assert find_pictures(tmp_path).kind == "folders"
    assert find_pictures(tmp_path, kind="threads").kind == "threads"
