"""Settings of a run, presets, paths, errors and text formatting.

Imports nothing else of FruitLab.
"""
