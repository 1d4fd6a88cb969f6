"""Table 1 of the paper (section 2) as `PaperResNet` implements it, for 26 categories.

Plain data: pages and the command line show it without importing torch. A test computes the same
rows from the network.
"""

from typing import Any

# Layer, the paper's column "Parameters", output size, counted layers, trained parameters.
_ROWS: tuple[tuple[str, str, str, int, int], ...] = (
    ("Inputs", "-", "100x100x3", 0, 0),
    ("Convolutional Layer", "5x5 kernel, depth 3 to 8, stride 1", "100x100x8", 1, 608),
    ("Max Pooling", "2x2 filter", "50x50x8", 0, 0),
    ("3 Residual Blocks", "3x3 kernel, depth 8, stride 1", "50x50x8", 6, 3_504),
    ("Change Residual Block", "3x3 kernel, depth 8 to 16, stride 2", "25x25x16", 2, 3_632),
    ("3 Residual Blocks", "3x3 kernel, depth 16, stride 1", "25x25x16", 6, 13_920),
    ("Change Residual Block", "3x3 kernel, depth 16 to 32, stride 2", "12x12x32", 2, 14_432),
    ("3 Residual Blocks", "3x3 kernel, depth 32, stride 1", "12x12x32", 6, 55_488),
    ("Average Pooling", "2x2 filter", "6x6x32", 0, 0),
    ("Fully Connected Layer", "Tanh activation", "200", 1, 230_600),
    ("Fully Connected Layer", "Softmax activation", "26", 1, 5_226),
)


def rows() -> list[dict[str, Any]]:
    """[{layer, parameters_of, output, layers, parameters}]; the last row holds the sums."""
    names = ("layer", "parameters_of", "output", "layers", "parameters")
    table: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in _ROWS]
    total = {"layer": "Total", "parameters_of": "", "output": ""}
    sums = {name: sum(row[name] for row in table) for name in ("layers", "parameters")}
    return [*table, total | sums]
