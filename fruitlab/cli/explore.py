"""`fruitlab` and `fruitlab open`: the explorer, in place of this process."""

import os
import sys
from argparse import Namespace
from typing import NoReturn

from fruitlab.cli.output import Output
from fruitlab.config import modes
from fruitlab.config.errors import RunError
from fruitlab.config.paths import PROJECT, child_environment


def open_explorer(options: Namespace, output: Output) -> NoReturn:
    """Replace this process with Streamlit's server, so that Ctrl-C and signals reach it directly.

    Raises:
        RunError: app.py is missing, or the process could not be started.
        ConfigError: there is no mode of the name in FRUITLAB_MODE.
    """
    app = PROJECT / "app.py"
    if not app.is_file():
        raise RunError(f"{app} is missing: install FruitLab again.")
    # -P: modules in the current folder must not hide installed ones.
    command = [sys.executable, "-P", "-m", "streamlit", "run", str(app)]
    if options.port is not None:
        command += ["--server.port", str(options.port)]
    if options.headless:
        command += ["--server.headless", "true"]
    mode = options.mode or modes.mode()  # a wrong FRUITLAB_MODE is noticed here
    try:
        os.execve(sys.executable, command, child_environment(FRUITLAB_MODE=mode))
    except OSError as error:
        raise RunError(f"The explorer could not be started: {error.strerror}.") from None
