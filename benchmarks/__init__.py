"""Benchmarks, each one command: `python -m benchmarks.training`, `.restricted`, `.data`, ..."""
