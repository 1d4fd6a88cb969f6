"""Imports that fail, are interrupted or run at the same time: earlier datasets stay complete."""

import signal
import subprocess
import sys
import threading
import time

import hostile_pictures
import pytest
from picture_files import COMPLETE, files_of, folder

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data.importing import import_pictures
from fruitlab.data.store import load


def test_an_existing_dataset_is_replaced_only_on_request(pair):
    before = import_pictures(name="mine", nice=pair.nice, real=pair.real).fingerprint
    with pytest.raises(DataError, match="--replace"):
        import_pictures(name="mine", nice=pair.real, real=pair.nice)
    assert load("mine").fingerprint == before
    after = import_pictures(name="mine", nice=pair.real, real=pair.nice, replace=True).fingerprint
    assert load("mine").fingerprint == after != before
    assert files_of("mine") == COMPLETE


def test_a_failed_or_interrupted_import_keeps_the_earlier_dataset(pair, tmp_path):
    before = import_pictures(name="mine", nice=pair.nice, real=pair.real).fingerprint
    still_open = load("mine").nice.images
    folder(tmp_path / "other", "Apple", 20)
    with pytest.raises(DataError):
        import_pictures(name="mine", nice=tmp_path / "other", real=pair.real, replace=True)

    def interrupt(what, done, total):
        raise KeyboardInterrupt

    for name in ("mine", "new"):
        with pytest.raises(KeyboardInterrupt):
            import_pictures(
                name=name, nice=pair.nice, real=pair.real, replace=True, progress=interrupt
            )
    assert load("mine").fingerprint == before and files_of("mine") == COMPLETE
    assert still_open[5].any()
    assert not (data_root() / "new").exists()


def test_the_next_import_deletes_the_files_of_a_killed_one(pair):
    before = import_pictures(name="mine", nice=pair.nice, real=pair.real).fingerprint
    code = (
        "import os, signal, sys; from fruitlab.data.importing import import_pictures\n"
        "import_pictures(name='mine', nice=sys.argv[1], real=sys.argv[2], replace=True,\n"
        "    progress=lambda what, done, total: done > 60 and os.kill(os.getpid(), signal.SIGKILL))"
    )
    killed = subprocess.run([sys.executable, "-c", code, pair.nice, pair.real], check=False)
    assert killed.returncode == -signal.SIGKILL and len(files_of("mine")) > 4
    assert load("mine").fingerprint == before
    # The lock of the killed process was released.
    import_pictures(name="mine", nice=pair.nice, real=pair.real, replace=True)
    assert files_of("mine") == COMPLETE


def test_a_full_disk_is_reported(pair):
    before = import_pictures(name="mine", nice=pair.nice, real=pair.real).fingerprint
    code = (
        "import resource, sys; from fruitlab.data.importing import import_pictures\n"
        # Longer files are then refused, as on a full disk.
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))\n"
        "try: import_pictures(name='mine', nice=sys.argv[1], real=sys.argv[2], replace=True)\n"
        "except ValueError as error: print(error)"
    )
    message = subprocess.run(
        [sys.executable, "-c", code, pair.nice, pair.real],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "could not be written" in message
    assert "FRUITLAB_DATA" in message and "unchanged" in message
    assert load("mine").fingerprint == before and files_of("mine") == COMPLETE


def test_a_data_root_that_cannot_be_created(pair, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("FRUITLAB_DATA", str(tmp_path / "file"))
    with pytest.raises(DataError, match="could not be written"):
        import_pictures(name="mine", nice=pair.nice, real=pair.real)


def test_pictures_below_the_data_root_are_never_deleted(pair, monkeypatch):
    # <data root>/nice and <data root>/real are the user's own pictures.
    monkeypatch.setenv("FRUITLAB_DATA", str(pair.nice.parent))
    before = sorted(pair.nice.parent.rglob("*.png"))
    for _ in range(2):
        import_pictures(name="nice", nice=pair.nice, real=pair.real, replace=True)
    assert load("nice").categories == pair.categories
    assert sorted(pair.nice.parent.rglob("*.png")) == before


def test_two_imports_at_once(pair):
    code = (
        "import sys; from fruitlab.data.importing import import_pictures\n"
        "import_pictures(name='mine', nice=sys.argv[1], real=sys.argv[2], replace=True)"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, *order])
        for order in ((pair.nice, pair.real), (pair.real, pair.nice))
    ]
    assert [process.wait() for process in both] == [0, 0]
    assert {len(load("mine").nice.images), len(load("mine").real.images)} == {60, 75}
    assert files_of("mine") == COMPLETE


@pytest.mark.slow
def test_readers_never_see_an_incomplete_dataset(pair):
    import_pictures(name="mine", nice=pair.nice, real=pair.real)
    stop, counts, errors = threading.Event(), set(), []

    def read_repeatedly():
        while not stop.is_set():
            try:
                data = load("mine")
                counts.add((len(data.nice.images), len(data.real.images)))
            except Exception as error:  # any exception is a failure
                errors.append(error)

    reader = threading.Thread(target=read_repeatedly)
    reader.start()
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        import_pictures(name="mine", nice=pair.real, real=pair.nice, replace=True)
        import_pictures(name="mine", nice=pair.nice, real=pair.real, replace=True)
    stop.set()
    reader.join()
    assert not errors and counts == {(60, 75), (75, 60)}


def test_a_disk_that_is_full_from_the_start_leaves_nothing(pair):
    code = (
        "import resource, sys; from fruitlab.data.importing import import_pictures\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))  # less than an array's header\n"
        "try: import_pictures(name='mine', nice=sys.argv[1], real=sys.argv[2])\n"
        "except ValueError as error: print(error)"
    )
    command = [sys.executable, "-c", code, pair.nice, pair.real]
    assert "could not be written" in subprocess.check_output(command, text=True)
    assert not (data_root() / "mine").exists()


@pytest.mark.slow
def test_an_interrupted_import_does_not_wait_for_slow_pictures(pair):
    for number in range(40):
        slow = pair.nice / "Red Disc" / f"slow{number}.jpg"
        slow.write_bytes(hostile_pictures.only_markers(20_000_000))
    arguments = ["data", "import", "--name", "mine", "--nice", pair.nice, "--real", pair.real]
    process = subprocess.Popen(
        [sys.executable, "-m", "fruitlab", *arguments],
        stderr=subprocess.DEVNULL,
        # A shell starts what runs in the background with the signal ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (data_root() / "mine").exists():
        time.sleep(0.1)
    time.sleep(1)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(30)
    assert time.monotonic() - began < 10
    assert not (data_root() / "mine").exists()
