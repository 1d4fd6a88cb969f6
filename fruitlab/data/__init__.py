"""From picture files to ``TwoDomains``, the two arrays that a run trains on.

``layouts`` finds the picture files, ``pictures`` decodes them, ``importing`` matches the categories
of both domains and writes them through ``cache``, and ``store`` loads the result by name.

This file imports nothing, so that each module costs only what it needs. No module here imports
torch.
"""
