"""The registry of networks: listing without torch, plugins, and errors."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small import config

from fruitlab.config.errors import ConfigError
from fruitlab.config.paths import PROJECT
from fruitlab.models import registry
from fruitlab.models.model import Model
from fruitlab.models.paper_resnet import PaperResNet
from fruitlab.models.registry import Listing, register

SOURCE = """
from fruitlab.models.paper_resnet import PaperResNet
from fruitlab.models.registry import register

@register
class Plugin(PaperResNet):
    name = "{name}"
    title = "A plugin"
"""
ENTRY_POINTS = """
[fruitlab.models]
plugged = plugged_network:Plugin
broken = broken_network
silent = silent_network
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package with three entry points: one works, two do not."""
    (tmp_path / "plugged_network.py").write_text(SOURCE.format(name="plugged"))
    (tmp_path / "broken_network.py").write_text("import there_is_no_such_module")
    (tmp_path / "silent_network.py").write_text(SOURCE.format(name="another"))
    info = tmp_path / "fruit_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fruit-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)
    registry.refresh()
    yield
    registry.refresh()
    for name in ("plugged", "another"):
        registry.unregister(name)
    for name in ("plugged_network", "silent_network"):
        sys.modules.pop(name, None)


def test_networks_are_listed_without_torch_as_their_classes_declare_them() -> None:
    code = (
        "import dataclasses, json, sys; from fruitlab.models import registry; "
        "listed = [dataclasses.asdict(one) for one in registry.networks().values()]; "
        "print(json.dumps(listed)); registry.check('paper'); assert 'torch' not in sys.modules"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, timeout=60)
    assert done.returncode == 0, done.stderr
    listings = [Listing(**one) for one in json.loads(done.stdout)]
    assert "paper" in [listing.name for listing in listings]
    for listing in listings:
        model = registry.model_class(listing.name)
        assert listing == Listing(model.name, model.title, model.description)


def test_unknown_network_error_lists_known_networks() -> None:
    for ask in (registry.check, registry.model_class):
        with pytest.raises(ConfigError, match=r"no network named 'papper'. Choose one of: .*paper"):
            ask("papper")
    with pytest.raises(ConfigError, match="no network named 'papper'"):
        registry.build(config().model_copy(update={"network": "papper"}), 3)


def test_plugin_is_loaded_on_first_use(plugins: None) -> None:
    listing = registry.networks()["plugged"]
    assert listing.description == "From the package fruit-plugin."
    assert "plugged_network" not in sys.modules
    network = registry.build(config(network="plugged"), 3)
    assert network.name == "plugged" and registry.networks()["plugged"].title == "A plugin"


def test_broken_plugin_only_warns(plugins: None) -> None:
    with (
        pytest.warns(RuntimeWarning, match="'broken' .*cannot be loaded.*there_is_no_such_module"),
        pytest.raises(ConfigError, match=r"no network named 'broken'.*paper, plugged"),
    ):
        registry.build(config().model_copy(update={"network": "broken"}), 3)
    assert "broken" not in registry.networks()
    assert registry.build(config(network="paper"), 3).name == "paper"


def test_plugin_that_registers_another_name_is_an_error(plugins: None) -> None:
    with pytest.raises(ConfigError, match="registers no network named 'silent'"):
        registry.build(config().model_copy(update={"network": "silent"}), 3)


def test_incomplete_or_duplicate_declaration_is_rejected() -> None:
    class Untitled(Model):
        name = "untitled"

    with pytest.raises(TypeError, match=r"Untitled.title must be a string"):
        register(Untitled)

    class Thief(Model):
        name, title = "paper", "Another"

    with pytest.raises(ValueError, match=r"'paper' is taken by fruitlab.models.paper_resnet"):
        register(Thief)
    assert registry.model_class("paper") is PaperResNet
