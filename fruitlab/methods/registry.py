"""The registry of training methods, and configurations made through it.

Every module of this package is imported when methods are first asked for, so adding a method is
adding a file. Other packages register methods through the entry-point group `fruitlab.methods`: an
entry point names a module that defines a class with `@register`, or the class itself.
"""

import difflib
import importlib
import pkgutil
import warnings
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any, TypeVar

from pydantic import ValidationError

from fruitlab.config.earlier_names import current_names
from fruitlab.config.errors import ConfigError
from fruitlab.config.presets import find_preset
from fruitlab.config.run_config import RunConfig
from fruitlab.config.settings import Setting, settings_of
from fruitlab.methods.base import Method
from fruitlab.models import registry as networks

ENTRY_POINTS = "fruitlab.methods"
# Run folders of format 1 hold these for every method, whether it has them or not.
FORMAT_1_SETTINGS = ("ratio", "split", "running_statistics", "restart_clock")

_methods: dict[str, type[Method]] = {}
M = TypeVar("M", bound=type[Method])


def register(method: M) -> M:
    """Class decorator: make a training method known under its name."""
    _methods[method.name] = method
    return method


def unregister(name: str) -> None:
    """Forget a method, as tests do that define one."""
    _methods.pop(name, None)


def refresh() -> None:
    """Look for other packages' methods again, as after an installation in a running notebook."""
    _load.cache_clear()


def methods() -> dict[str, type[Method]]:
    """All training methods by name, in the order of menus."""
    _load()
    return dict(sorted(_methods.items(), key=lambda item: (item[1].rank, item[0])))


def method(name: str) -> type[Method]:
    """The method of that name.

    Raises:
        ConfigError: there is none. The message names the known ones.
    """
    known = methods()
    if name not in known:
        raise ConfigError(
            f"There is no training method {name!r}. Choose one of: {', '.join(known)}. A method of"
            " another package has to be installed first."
        )
    return known[name]


@cache
def _load() -> None:
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{__package__}.{module.name}")
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            found = entry.load()
            if isinstance(found, type) and issubclass(found, Method):
                register(found)
        except Exception as error:
            # A broken package must not take the rest of FruitLab down with it.
            warnings.warn(
                f"The training method {entry.name!r} ({entry.value}) could not be loaded: {error}",
                stacklevel=2,
            )


def parse(values: Mapping[str, Any]) -> Method:
    """A configuration of these settings; strings are converted to the setting's type.

    Raises:
        ConfigError: unknown method or setting, an invalid value, or fewer iterations than phases.
            One sentence per mistake.
    """
    config = _parse(values)
    phases = config.phases()
    if any(phase.iterations < 1 for phase in phases):
        raise ConfigError(
            f"iterations = {config.iterations} is not valid: the {len(phases)} phases of "
            f"{config.method} training need at least one each."
        )
    return config


def _parse(values: Mapping[str, Any]) -> Method:
    """A configuration whose settings are valid, each by itself."""
    values = current_names(values)
    made = method(str(values.get("method", "")))
    for name in values:
        setting_of(name, made)
    try:
        return made.model_validate(values)
    except ValidationError as error:
        messages = [_message(made, mistake) for mistake in error.errors()]
        raise ConfigError(" ".join(messages)) from None


def parse_stored(values: Mapping[str, Any]) -> Method:
    """The configuration in a run folder, of whatever version wrote it. Raises ConfigError."""
    values = current_names(values)
    known = method(str(values.get("method", ""))).model_fields
    return _parse({k: v for k, v in values.items() if k in known or k not in FORMAT_1_SETTINGS})


def configure(name: str, *, preset: str = "quick", **changes: Any) -> Method:
    """The preset's settings for a training method, with changes.

    Args:
        name: of the method.
        preset: "quick", or "quick@2" for a certain version.
        changes: settings of the method; strings are converted.

    Raises:
        ConfigError: unknown method, preset, setting or network, or an invalid value.
    """
    made = method(name)
    preset_name, table = find_preset(preset)
    version = f"{preset_name}@{table.version}"
    values = dict(table.values)
    for changed in (preset_name, version):
        values |= made.presets.get(changed, {})
    config = parse({"method": name, "preset": version} | values | current_names(changes))
    networks.check(config.network)
    return config


def as_method(name: str, config: Method, **changes: Any) -> Method:
    """The settings that every method has of a run, as a run of another method, with changes."""
    common = config.model_dump(include=RunConfig.model_fields.keys() - {"method"})
    return parse({"method": name} | common | changes)


def setting_of(name: str, of: type[RunConfig]) -> Setting:
    """The setting of that name of a method. Raises ConfigError with the nearest names."""
    known = settings_of(of)
    if name in known:
        return known[name]
    if owners := [other.name for other in methods().values() if name in other.model_fields]:
        raise ConfigError(
            f"{name} is a setting of {' and '.join(owners)} training, not of"
            f" {getattr(of, 'name', 'every')} training."
        )
    near = difflib.get_close_matches(name, known, 3, 0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known)}."
    raise ConfigError(f"There is no setting named {name!r}. {hint}")


def _message(made: type[Method], mistake: Mapping[str, Any]) -> str:
    found = setting_of(str(mistake["loc"][0]), made)
    problem = mistake["msg"].replace("Input should", "it should")
    unit = f" ({found.unit})" if found.unit else ""
    return f"{found.name} = {mistake['input']!r} is not valid: {problem}{unit}. {found.help}"
