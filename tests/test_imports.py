"""Packages that pages and listings need do not import torch, Gradio or Ray."""

import subprocess
import sys

from fruitlab.config.paths import PROJECT

WALK = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
        heavy = {"torch", "gradio", "ray"} & sys.modules.keys()
        assert not heavy, f"{module.name} imports {heavy}"
"""
WITHOUT_TORCH = ("config", "data", "metrics", "plots", "methods", "runs", "cli")


def test_no_module_of_these_packages_imports_torch() -> None:
    command = [sys.executable, "-c", WALK, *(f"fruitlab.{package}" for package in WITHOUT_TORCH)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
