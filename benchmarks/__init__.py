"""Measurements of speed and accuracy. Each module is a command: `python -m benchmarks.training`.

training    training speed, compared with the same network in other tools
restricted  restricted training on cached features, and the prediction of one photo
presets     accuracy of the presets against training pictures seen
data        import of a dataset
explorer    waiting times in the explorer
counts      kernels and bytes of a training step on a GPU
carry_over  why a network trained on one domain fails on the other
"""
