"""Plain tables for the terminal."""


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table with a header line; columns of numbers are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    right = [
        all(row[i][:1].isdigit() or row[i] in ("", "—") for row in rows) for i in range(len(head))
    ]

    def line(cells: list[str]) -> str:
        return "  ".join(
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(cells, widths, right, strict=True)
        ).rstrip()

    return "\n".join([line(head), "  ".join("-" * w for w in widths), *map(line, rows)])
