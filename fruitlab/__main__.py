"""`python -m fruitlab`: the command line."""

import sys

from fruitlab.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
