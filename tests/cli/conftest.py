"""What tests of the command line share."""

import json

import pytest

from fruitlab.cli.main import main


@pytest.fixture
def call(capsys):
    def call(*arguments: str) -> tuple[int, object, str]:
        """Returns the exit status, the JSON result on stdout, and stderr."""
        status = main([*arguments, "--json"])
        out, err = capsys.readouterr()
        assert out.count("\n") == 1
        return status, json.loads(out), err

    return call
