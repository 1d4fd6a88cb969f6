"""Speed and evidence, each with one command: `python -m benchmarks.training`, `.restricted`, `.data`, `.recipe`."""
