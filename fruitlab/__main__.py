"""`python -m fruitlab`: the command line."""

import os
import sys

from fruitlab.cli.main import main


def run() -> int:
    """Run the command that was typed; returns the exit status."""
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `| head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


if __name__ == "__main__":
    sys.exit(run())
