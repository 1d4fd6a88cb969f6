"""Links that reproduce a run.

A link names the preset with its version, the settings that differ from it, the seed, and the data
by name and hash: `train?preset=quick@2&method=mixed&ratio=30&seed=0&data=photos&fingerprint=74b3`.
Reading a link never fails: it may be typed by hand, incomplete or old. What cannot be used is
reported in a warning.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from fruitlab.config.earlier_names import current_names
from fruitlab.config.errors import ConfigError, DataError
from fruitlab.config.presets import PRESETS
from fruitlab.data import store
from fruitlab.methods.base import Method
from fruitlab.methods.mixed import Mixed
from fruitlab.methods.registry import configure, methods, parse

# Named even where they equal the preset's: the defaults of a preset may change.
ALWAYS = ("seed", "data")
DEFAULT_METHOD = Mixed.name
NOT_SETTINGS = ("preset", "method", "fingerprint")


def to_query(config: Method, fingerprint: str | None = None) -> dict[str, str]:
    """The query parameters of a run's link.

    If that version of the preset is not known, the link names every setting, so that it still
    reproduces the run.

    Args:
        config: of the run.
        fingerprint: hash of its data, if known.
    """
    settings = config.settings()
    try:
        base = configure(config.method, preset=config.preset).settings()
    except ConfigError:  # another version of the preset, or one that no longer exists
        base = {}
    query = {"preset": config.preset, "method": config.method}
    for name, value in settings.items():
        differs = name not in base or base[name] != value
        if name not in NOT_SETTINGS and (name in ALWAYS or differs):
            query[name] = parameter(value)
    return query | ({"fingerprint": fingerprint} if fingerprint else {})


def from_query(
    params: Mapping[str, str],
    *,
    fingerprints: Mapping[str, str | None] | None = None,
    ignore: tuple[str, ...] = ("run",),
) -> tuple[Method, list[str]]:
    """The configuration of a link, and a warning for everything in it that cannot be used.

    Args:
        params: query parameters. Without any, the result is a mixed run of the preset quick.
        fingerprints: hashes of the datasets on this machine by name, None where not yet known; by
            default they are read from the data root.
        ignore: parameters with another meaning to the page.
    """
    warnings: list[str] = []
    method = params.get("method", DEFAULT_METHOD)
    if method not in methods():
        warnings.append(
            f"The link's method {method!r} is unknown. The form shows {DEFAULT_METHOD} training "
            "instead."
        )
        method = DEFAULT_METHOD
    given = current_names(
        {
            name: value
            for name, value in params.items()
            if name not in NOT_SETTINGS and name not in ignore
        }
    )
    if fingerprints is None:
        fingerprints = {data["name"]: data["fingerprint"] for data in store.available()}
    fingerprint = params.get("fingerprint")
    if "data" in given:
        name = given["data"]
        given["data"] = store.local_name(name, fingerprint, fingerprints) or name
    base, exact = _base(params.get("preset", "quick"), method, given, warnings)
    config = exact or _changed(base, given, warnings)
    if warning := _data_warning(config.data, fingerprint, fingerprints):
        warnings.append(warning)
    return config, warnings


def _base(
    preset: str, method: str, given: dict[str, str], warnings: list[str]
) -> tuple[Method, Method | None]:
    """The preset to start from; and the exact configuration if the link names every setting."""
    name, _, version = preset.partition("@")
    if name not in PRESETS:
        warnings.append(
            f"The link's preset {preset!r} is unknown (presets: {', '.join(PRESETS)}). Settings "
            "that the link does not name are taken from quick."
        )
        return configure(method, preset="quick"), None
    try:
        return configure(method, preset=preset), None
    except ConfigError:
        pass  # a version that is not known here
    current = configure(method, preset=name)
    if current.settings().keys() - set(NOT_SETTINGS) <= given.keys():
        try:
            return current, parse({"method": method, "preset": preset} | given)
        except ConfigError:
            pass  # the settings are applied one by one, with a warning for each invalid one
    present = current.preset.partition("@")[2]
    warnings.append(
        f"The link was made with version {version} of the preset {name}; here it is {present}, "
        "with other settings. Those that the link does not name are taken from the present "
        "version, so the run may differ."
    )
    return current, None


def _changed(base: Method, given: dict[str, str], warnings: list[str]) -> Method:
    """The base with every setting of the link that is valid."""
    valid: dict[str, Any] = {}
    for name, value in given.items():
        try:
            valid[name] = getattr(parse(base.model_dump() | {name: value}), name)
        except ConfigError as error:
            warnings.append(f"Ignored in the link: {error}")
    return parse(base.model_dump() | valid)


def _data_warning(
    name: str, fingerprint: str | None, fingerprints: Mapping[str, str | None]
) -> str | None:
    if name not in fingerprints:
        if name.partition(":")[0] != store.BUILT_IN:
            return (
                f"The link's data {name!r} is not on this machine. Import it on the Data page, or "
                "choose other data, which makes it another run."
            )
        try:  # built-in pictures are drawn at first use, the same on every machine
            store.load_cached(name)
        except DataError as error:
            return str(error)
        return None
    here = fingerprints[name]
    if fingerprint and here and fingerprint != here:
        return (
            f"The data {name!r} on this machine (hash {here}) is not the link's (hash "
            f"{fingerprint}), so the run will differ."
        )
    return None


def href(page: str, query: Mapping[str, str]) -> str:
    """The relative address of a page with these parameters: `runs?runs=a,b&axis=time`."""
    return f"{quote(page)}?{urlencode(query, safe='@:,')}" if query else quote(page)


def parameter(value: Any) -> str:
    """A setting as the text of a query parameter."""
    return str(value).lower() if isinstance(value, bool) else str(value)
