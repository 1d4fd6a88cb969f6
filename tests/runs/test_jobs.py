"""Commands in processes of their own: real ones, started, watched, ended."""

import io
import json
import os
import signal
import time
import zipfile
from pathlib import Path

import pytest

from fruitlab.config.files import write_json
from fruitlab.config.paths import data_root
from fruitlab.data import store
from fruitlab.runs import jobs
from fruitlab.runs.jobs import Job


def ended(job: Job, within: float = 120) -> str:
    until = time.monotonic() + within
    while job.status() == "working" and time.monotonic() < until:
        time.sleep(0.1)
    return job.status()


def test_an_uploaded_zip_is_imported_and_the_zip_not_kept(pair, tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for root in (pair.nice, pair.real):
            for picture in root.rglob("*.png"):
                archive.write(picture, f"{root.name}/{picture.relative_to(root)}")
    file.seek(0)
    job = jobs.start(
        data_root() / ".jobs",
        "Adding things",
        ["data", "import", "--name", "things", "--zip"],
        upload=file,
    )
    assert ended(job) == "done", job.said()
    assert (
        job.result()["categories"] == list(pair.categories)
        and job.asked["title"] == "Adding things"
    )
    assert len(store.load("things").categories) == 3
    assert not (job.folder / jobs.UPLOAD).exists()
    assert "Reading pictures" in job.said()
    assert [found.folder for found in jobs.found(data_root() / ".jobs")] == [job.folder]
    job.dismiss()
    assert jobs.found(data_root() / ".jobs") == []


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    job = jobs.start(
        tmp_path / "jobs",
        "Adding",
        ["data", "import", "--name", "x", "--nice", "/nowhere", "--real", str(tmp_path)],
    )
    wrong = jobs.start(tmp_path / "jobs", "Wrong", ["data", "nonsense"])
    assert ended(job) == "failed" and "/nowhere" in job.result()["error"]
    assert ended(wrong) == "failed" and "invalid choice" in wrong.said()


@pytest.mark.slow
def test_a_job_is_cancelled_and_leaves_nothing(shared_data: Path, tmp_path: Path) -> None:
    job = jobs.start(
        tmp_path / "jobs",
        "Adding",
        [
            "data",
            "import",
            "--name",
            "x",
            "--nice",
            str(shared_data / "nice"),
            "--real",
            str(shared_data / "real"),
        ],
    )
    until = time.monotonic() + 60
    while "Reading" not in job.progress()[0] and time.monotonic() < until:
        time.sleep(0.05)
    assert 0 <= job.progress()[1] <= 1
    job.dismiss()  # not while it works
    job.cancel()
    assert ended(job) == "failed" and job.result()["error"] == "Interrupted."
    assert not (data_root() / "x").exists()


def test_a_killed_job_is_broken_off(shared_data: Path, tmp_path: Path) -> None:
    job = jobs.start(
        tmp_path / "jobs",
        "Adding",
        [
            "data",
            "import",
            "--name",
            "x",
            "--nice",
            str(shared_data / "nice"),
            "--real",
            str(shared_data / "real"),
        ],
    )
    until = time.monotonic() + 60
    while not (job.folder / "pid").exists() and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(int((job.folder / "pid").read_text()), signal.SIGKILL)
    assert ended(job) == "broken off"
    job.cancel()  # nothing to end any more: that id may be somebody else's
    job.dismiss()
    assert not job.folder.exists()


@pytest.mark.parametrize(
    "said, line, share",
    [
        ("", "Starting.", None),
        (
            "Reading pictures: 0 of 40\nReading pictures: 30 of 1,200\n",
            "Reading pictures: 30 of 1,200",
            0.025,
        ),
        ("Downloading\n  3%|▏  | 1M/30M\r 37%|███  | 11M/30M [00:01<00:02]", "37 % loaded", 0.37),
        ("Unpacking: 5 of 0", "Unpacking: 5 of 0", None),
        ("x" * 9000 + "\nlast", "last", None),
    ],
)
def test_progress_is_the_last_thing_said(
    tmp_path: Path, said: str, line: str, share: float | None
) -> None:
    (tmp_path / "log.txt").write_text(said)
    assert Job(tmp_path).progress() == (line, share)


def test_strange_folders_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "job.json").write_text("[")
    (tmp_path / "c").mkdir()
    write_json(tmp_path / "c" / "job.json", {"title": "new", "started": time.time()})
    found = {job.folder.name: job for job in jobs.found(tmp_path)}
    assert set(found) == {"b", "c"}
    assert (found["b"].status(), found["b"].asked, found["b"].result()) == ("broken off", {}, {})
    assert found["c"].status() == "working"  # its process is on its way
    write_json(tmp_path / "c" / "job.json", {"title": "old", "started": time.time() - 100})
    assert found["c"].status() == "broken off"
    assert jobs.found(tmp_path / "nowhere") == []
    assert json.loads((tmp_path / "c" / "job.json").read_text())["title"] == "old"
