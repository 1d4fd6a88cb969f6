"""FruitLab: one small network, two kinds of picture of the same things, and what it remembers of each."""
