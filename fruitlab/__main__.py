import sys

if __name__ == "__main__":
    if {"train", "resume"} & set(sys.argv[1:2]):
        from fruitlab.process import large_pages
        large_pages()  # before anything else is imported, which would be done twice
    from fruitlab.cli import main
    sys.exit(main())
