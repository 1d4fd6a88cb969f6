import sys

from fruitlab.cli import main
from fruitlab.process import large_pages

if __name__ == "__main__":
    if {"train", "resume"} & set(sys.argv[1:2]):
        large_pages()
    sys.exit(main())
