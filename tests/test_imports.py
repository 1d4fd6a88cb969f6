"""Packages that pages and listings need do not import torch, Gradio or Ray."""

import subprocess
import sys

import pytest

from fruitlab.config.paths import PROJECT

WALK = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
heavy = {"torch", "gradio", "ray"} & sys.modules.keys()
assert not heavy, heavy
"""
WITHOUT_TORCH = ("config", "data", "metrics", "plots", "methods", "runs", "cli")


@pytest.mark.parametrize("package", WITHOUT_TORCH)
def test_no_module_of_the_package_imports_torch(package: str) -> None:
    command = [sys.executable, "-c", WALK, f"fruitlab.{package}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
