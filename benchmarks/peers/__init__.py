"""The same network in other tools, written as in their documentation.

Each module has a class `Contender` (see benchmarks/contender.py).
"""
