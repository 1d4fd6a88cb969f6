"""The registry of networks: lists them, and builds one from a run's configuration.

A network is one file: a subclass of `model.Model` under `@register`, in this package or in another
one that names it in the entry-point group `fruitlab.models`::

    [project.entry-points."fruitlab.models"]
    two-layers = "their_package.two_layers"

Forms and the command line list networks without importing torch, but a file that defines a
`torch.nn.Module` must import it. So the names and titles of the built-in networks are read from
their source, as setuptools reads a version number, and the file itself is imported when a network
is built. This keeps the declaration in one file, at a price: `name`, `title` and `description`
must be plain strings. A plugin is listed under the name of its entry point until it is loaded.

A name that ends with a colon is that of a family: "timm:" stands for "timm:resnet18" and all other
networks of timm. Of a family, the members whose weights are on this machine are listed.
"""

import ast
import importlib
import importlib.metadata
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fruitlab.config.errors import ConfigError
from fruitlab.config.run_config import RunConfig
from fruitlab.models import weights

if TYPE_CHECKING:
    from fruitlab.models.model import Model

    ModelClass = TypeVar("ModelClass", bound=type[Model])

GROUP = "fruitlab.models"

_classes: dict[str, "type[Model]"] = {}  # those whose file has been imported
_broken: set[str] = set()  # entry points that could not be loaded


@dataclass(frozen=True)
class Listing:
    """What is known of a network without importing it."""

    name: str
    title: str
    description: str = ""


def register(model: "ModelClass") -> "ModelClass":
    """Class decorator: makes a network available under its `name`.

    Raises:
        TypeError: the declaration is incomplete. ValueError: another class has that name.
    """
    for attribute in ("name", "title", "description"):
        if not isinstance(getattr(model, attribute, None), str):
            raise TypeError(f"{model.__qualname__}.{attribute} must be a string.")
    known = _classes.get(model.name)
    if known and (known.__module__, known.__qualname__) != (model.__module__, model.__qualname__):
        raise ValueError(
            f"The network name {model.name!r} is taken by {known.__module__}.{known.__qualname__}."
        )
    _classes[model.name] = model
    return model


def unregister(name: str) -> None:
    """Forgets a network, as tests do that define one."""
    _classes.pop(name, None)


def networks() -> dict[str, Listing]:
    """Every network by name: the built-in ones, plugins, and classes registered in this process."""
    found = {name: listing for name, (listing, _) in _built_in().items()}
    for name, entry in _plugins().items():
        if name not in _broken:
            package = entry.dist.name if entry.dist else entry.value
            found.setdefault(name, Listing(name, name, f"From the package {package}."))
    for name, model in _classes.items():
        found[name] = Listing(name, model.title, model.description)
    members = [stored for stored in weights.stored() if _entry(stored.network) != stored.network]
    return {name: listing for name, listing in found.items() if not name.endswith(":")} | {
        stored.network: Listing(stored.network, stored.network, f"{stored.parameters:,} parameters")
        for stored in members
    }


def check(name: str) -> None:
    """Raise ConfigError, which names the known networks, if there is none of this name."""
    known = networks()
    if name not in known and _entry(name) not in {*_built_in(), *_classes} - known.keys():
        raise ConfigError(
            f"There is no network named {name!r}. Choose one of: {', '.join(sorted(known))}."
        )


def model_class(name: str) -> "type[Model]":
    """The class of a network; imports its file, and torch with it.

    Raises:
        ConfigError: there is no such network, or its plugin cannot be loaded.
    """
    entry = _entry(name)
    if entry not in _classes:
        if entry in _built_in():
            importlib.import_module(_built_in()[entry][1])
        elif entry in _plugins():
            _load(_plugins()[entry])
    if entry not in _classes:
        check(name)
        raise ConfigError(f"Its package registers no network named {name!r}.")
    return _classes[entry]


def build(config: RunConfig, categories: int) -> "Model":
    """The network of a run, on the CPU, with new weights from PyTorch's global random generator.

    Raises:
        ConfigError: as `model_class` does, or the network cannot take the configured input size.
    """
    network = model_class(config.network).from_config(config, categories)
    if config.input_size not in (0, network.input_size):
        raise ConfigError(
            f"The network {config.network} takes pictures of {network.input_size} pixels only: "
            f"set input_size to 0, or choose another network."
        )
    return network


def _entry(name: str) -> str:
    """The name under which a network is registered: its own, or that of its family."""
    return name[: name.find(":") + 1] or name


@cache
def _built_in() -> dict[str, tuple[Listing, str]]:
    """Listing and module of each class under `@register` in this package, read from its source."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        for listing in _declared(ast.parse(path.read_text(encoding="utf-8"))):
            found[listing.name] = listing, f"{__package__}.{path.stem}"
    return found


def _declared(tree: ast.Module) -> Iterator[Listing]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(
            isinstance(decorator, ast.Name) and decorator.id == register.__name__
            for decorator in node.decorator_list
        ):
            texts = {
                line.targets[0].id: ast.literal_eval(line.value)
                for line in node.body
                if isinstance(line, ast.Assign)
                and isinstance(line.targets[0], ast.Name)
                and line.targets[0].id in ("name", "title", "description")
            }
            yield Listing(**texts)


@cache
def _plugins() -> dict[str, importlib.metadata.EntryPoint]:
    return {entry.name: entry for entry in importlib.metadata.entry_points(group=GROUP)}


def _load(entry: importlib.metadata.EntryPoint) -> None:
    """Import a plugin. If that fails, warn, and leave it out from then on."""
    try:
        loaded = entry.load()
        if isinstance(loaded, type):  # the class itself, and not its module
            register(loaded)
    except Exception as error:  # whatever a third party's module may raise
        _broken.add(entry.name)
        warnings.warn(
            f"The network {entry.name!r} ({entry.value}) cannot be loaded: "
            f"{type(error).__name__}: {error}. Update or uninstall its package.",
            RuntimeWarning,
            stacklevel=2,
        )
