"""Background jobs: real processes that are started, watched, cancelled and killed."""

import io
import json
import os
import signal
import time
import zipfile
from pathlib import Path

import pytest

from fruitlab.cli.output import JobReports
from fruitlab.config.files import write_json
from fruitlab.config.paths import data_root
from fruitlab.data import store
from fruitlab.runs import jobs
from fruitlab.runs.jobs import Job


def wait_for_end(job: Job, within: float = 120) -> str:
    until = time.monotonic() + within
    while job.status() == "working" and time.monotonic() < until:
        time.sleep(0.1)
    return job.status()


def importing(pictures: Path, root: Path) -> Job:
    """A job that imports these folders as x, which takes a while."""
    folders = ["--nice", str(pictures / "nice"), "--real", str(pictures / "real")]
    return jobs.start(root, "Adding", ["data", "import", "--name", "x", *folders])


def test_uploaded_zip_is_imported_and_deleted(pair, tmp_path: Path) -> None:
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
    assert wait_for_end(job) == "done", job.log()
    assert job.result()["categories"] == list(pair.categories) and job.title == "Adding things"
    assert len(store.load("things").categories) == 3
    assert not (job.folder / jobs.UPLOAD).exists()
    assert "Reading pictures" in job.progress()[0]
    assert [found.folder for found in jobs.all_jobs(data_root() / ".jobs")] == [job.folder]
    job.dismiss()
    assert jobs.all_jobs(data_root() / ".jobs") == []


def test_failed_job_has_an_error(tmp_path: Path) -> None:
    job = jobs.start(
        tmp_path / "jobs",
        "Adding",
        ["data", "import", "--name", "x", "--nice", "/nowhere", "--real", str(tmp_path)],
    )
    wrong = jobs.start(tmp_path / "jobs", "Wrong", ["data", "nonsense"])
    assert wait_for_end(job) == "failed" and "/nowhere" in job.result()["error"]
    assert wait_for_end(wrong) == "failed" and "invalid choice" in wrong.log()


@pytest.mark.slow
def test_cancelled_job_leaves_nothing(shared_data: Path, tmp_path: Path) -> None:
    job = importing(shared_data, tmp_path / "jobs")
    until = time.monotonic() + 60
    while "Reading" not in job.progress()[0] and time.monotonic() < until:
        time.sleep(0.05)
    assert 0 <= job.progress()[1] <= 1
    job.dismiss()  # has no effect while the job is running
    job.cancel()
    assert wait_for_end(job) == "failed" and job.result()["error"] == "Interrupted."
    assert not (data_root() / "x").exists()


def test_killed_job_is_interrupted(shared_data: Path, tmp_path: Path) -> None:
    job = importing(shared_data, tmp_path / "jobs")
    until = time.monotonic() + 60
    while not (job.folder / "pid").exists() and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(int((job.folder / "pid").read_text()), signal.SIGKILL)
    assert wait_for_end(job) == "interrupted"
    job.cancel()  # has no effect: another process may have got the job's process id
    job.dismiss()
    assert not job.folder.exists()


@pytest.mark.parametrize(
    ("lines", "text", "share"),
    [
        ([], "Starting.", None),
        ([{"message": "Licence: CC0."}], "Licence: CC0.", None),
        (
            [
                {"step": "Reading pictures", "done": 0, "total": 40},
                {"step": "Reading pictures", "done": 30, "total": 1200},
            ],
            "Reading pictures: 30 of 1,200",
            0.025,
        ),
        (
            [{"step": "Downloading", "done": 370_000_000, "total": 1_000_000_000}],
            "Downloading: 37%",
            0.37,
        ),
        ([{"step": "Downloading", "done": 5000, "total": 0}], "Downloading: 5,000", None),
        ([{"message": "x" * 9000}, {"message": "last"}], "last", None),
        ([{"message": "whole"}, {"unknown": 1}, [], None], "whole", None),
    ],
)
def test_progress_is_the_latest_report(tmp_path: Path, lines: list, text: str, share) -> None:
    (tmp_path / "progress.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert Job(tmp_path).progress() == (text, share)
    with open(tmp_path / "progress.jsonl", "a") as file:
        file.write('{"step": "half')  # a line that is still being written
    assert Job(tmp_path).progress() == (text, share)


def test_progress_reports_are_throttled(tmp_path: Path) -> None:
    reports = JobReports(tmp_path / "progress.jsonl")
    reports.say("Düsseldorf")
    assert Job(tmp_path).progress() == ("Düsseldorf", None)
    for done in range(101):
        reports.progress("Reading pictures", done, 100)
    reports.progress("Unpacking", 1, 4)
    assert Job(tmp_path).progress() == ("Unpacking: 1 of 4", 0.25)
    lines = [json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()]
    reading = [line["done"] for line in lines if line.get("step") == "Reading pictures"]
    assert len(reading) < 20 and (reading[0], reading[-1]) == (0, 100)


def test_job_folders_of_earlier_versions_are_readable(tmp_path: Path) -> None:
    """Earlier versions wrote progress to log.txt. The other files are the same."""
    for name, status in (("failed", "1"), ("killed", None)):
        folder = tmp_path / name
        folder.mkdir()
        write_json(folder / "job.json", {"title": name, "arguments": ["data"], "started": 1})
        (folder / "log.txt").write_text("Reading pictures: 30 of 1,200\r 37%|███  | 11M/30M")
        (folder / "job.lock").touch()
        if status:
            (folder / "status").write_text(status)
    killed, failed = jobs.all_jobs(tmp_path)
    assert [job.status() for job in (killed, failed)] == ["interrupted", "failed"]
    assert failed.progress() == ("Starting.", None) and "Reading pictures" in failed.log()
    for job in (killed, failed):
        job.dismiss()
    assert jobs.all_jobs(tmp_path) == []


def test_invalid_job_folders_do_not_raise(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "job.json").write_text("[")
    (tmp_path / "c").mkdir()
    write_json(tmp_path / "c" / "job.json", {"title": "new", "started": time.time()})
    found = {job.folder.name: job for job in jobs.all_jobs(tmp_path)}
    assert set(found) == {"b", "c"}
    assert (found["b"].status(), found["b"].request, found["b"].result()) == ("interrupted", {}, {})
    assert found["c"].status() == "working"  # its process is starting
    write_json(tmp_path / "c" / "job.json", {"title": "old", "started": time.time() - 100})
    assert found["c"].status() == "interrupted"
    assert jobs.all_jobs(tmp_path / "nowhere") == []
    assert json.loads((tmp_path / "c" / "job.json").read_text())["title"] == "old"
