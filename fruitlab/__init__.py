"""FruitLab: one small network, two domains of pictures, and what it remembers of each."""

__version__ = "1.0.0"
