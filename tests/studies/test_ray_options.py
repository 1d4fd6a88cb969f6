"""Options of studies on Ray that cannot work, a missing Ray, and shared folders."""

import json
import subprocess
import sys
import textwrap

import pytest
from ray_studies import arguments, needs_ray

from fruitlab.cli.main import main
from fruitlab.config.errors import RunError
from fruitlab.config.paths import PROJECT
from fruitlab.runs import catalog


def test_studies_work_without_ray_and_the_error_says_what_to_install(small):
    script = textwrap.dedent("""
        import sys
        sys.modules["ray"] = None
        from fruitlab.cli.main import main
        sys.exit(main(sys.argv[1:]))
    """)

    def run(*more: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", script, *arguments("--vary", "ratio=20", *more)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )

    assert run("--dry-run").returncode == 0
    asked = run("--ray", "local")
    assert asked.returncode == 1
    assert "pip install -r requirements-ray.txt" in json.loads(asked.stdout)["error"]
    assert list(catalog.all_runs()) == []


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--ray-cpus", "2"], 2, "go with --ray"),
        (["--ray", "local", "--ray-cpus", "0"], 2, "give 1 or more"),
        (
            ["--ray", "local", "--ray-gpus", "1.5"],
            2,
            "a fraction of a GPU, from 0 to 1, or a whole number",
        ),
        (["--ray", "local", "--device", "cpu"], 2, "leave --device out"),
        (["--ray", "local", "--at-once", "2"], 2, "leave --at-once out"),
        pytest.param(
            ["--ray", "127.0.0.1:1"], 1, "There is no Ray cluster at 127.0.0.1:1", marks=needs_ray
        ),
        pytest.param(["--ray", "nowhere"], 1, "Give host:port", marks=needs_ray),
        pytest.param(
            ["--ray", "ray://127.0.0.1:10001"],
            1,
            "has to run on a machine of the cluster",
            marks=needs_ray,
        ),
        pytest.param(
            ["--ray", "127.0.0.1:1", "--ray-storage", "{file}"],
            1,
            "Name another folder with --ray-storage",
            marks=needs_ray,
        ),
    ],
)
def test_invalid_ray_options_are_rejected(small, tmp_path, capsys, options, status, message):
    (tmp_path / "file").touch()
    assert (
        main(
            arguments(
                "--vary",
                "ratio=20",
                *(option.format(file=tmp_path / "file" / "below") for option in options),
            )
        )
        == status
    )
    assert message in json.loads(capsys.readouterr().out)["error"]


@needs_ray
def test_worker_without_the_storage_folder_is_an_error(tmp_path, monkeypatch):
    from fruitlab.studies import ray_trial

    monkeypatch.setattr(ray_trial.tune, "get_checkpoint", lambda: None)
    with pytest.raises(
        RunError, match=r"shared is not there on .* has to name a folder that all machines share"
    ):
        ray_trial.source(
            {"run": "one", "begin": str(tmp_path / "shared" / "study-1" / "begin" / "one")}
        )


@needs_ray
def test_leftover_checkpoints_of_killed_studies_are_deleted(tmp_path):
    from fruitlab.studies.ray_cluster import LOCK, storage

    for name in ("left", "foreign"):
        (tmp_path / name / "run").mkdir(parents=True)
    (tmp_path / "left" / LOCK).touch()
    with storage(tmp_path, "one") as one:
        (one / "checkpoint").mkdir()
        with storage(tmp_path, "two") as two:
            assert {path.name for path in tmp_path.iterdir()} == {
                "foreign",
                one.name,
                two.name,
            }
            assert (one / "checkpoint").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["foreign"]


@needs_ray
def test_share_of_a_gpu(monkeypatch):
    from fruitlab.studies import ray_cluster

    machines = [
        {"Alive": True, "Resources": {"CPU": 8.0}},
        {"Alive": True, "Resources": {"CPU": 4.0, "GPU": 1.0}},
        {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}},
    ]
    monkeypatch.setattr(ray_cluster.ray, "nodes", lambda: machines)
    assert ray_cluster.share(1, None) == 0.25 and ray_cluster.share(8, 0) == 0
    assert ray_cluster.share(2, 0.5) == 0.5
    for cpus, gpus in ((8, 0.5), (1, 2), (9, 0)):
        with pytest.raises(RunError, match="Give less with --ray-cpus and --ray-gpus"):
            ray_cluster.share(cpus, gpus)
    monkeypatch.setattr(ray_cluster.ray, "nodes", lambda: machines[:1])
    assert ray_cluster.share(1, None) == 0
