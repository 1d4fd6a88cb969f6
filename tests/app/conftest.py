"""What tests of the pages share."""

import subprocess
from typing import Any

import pytest

WORKER = "fruitlab.worker.process"


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of the workers that would have been started; none is."""
    started: list[list[str]] = []
    popen = subprocess.Popen

    class Worker:
        def __init__(self, command: list[str], **options: Any) -> None:
            assert options["start_new_session"], (
                "Ctrl-C at the server's terminal must not reach a training"
            )
            started.append(command[1:])

        def wait(self) -> int:
            return 0

    def start(command: Any, *arguments: Any, **options: Any) -> Any:
        kind = Worker if WORKER in command else popen
        return kind(command, *arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", start)
    return started
