"""docs/methods.md: the reference of all training methods, made from what they declare."""

import inspect

from fruitlab.config.settings import Setting
from fruitlab.methods.base import Method
from fruitlab.methods.registry import configure, methods

HEAD = """\
# Training methods

Made by `python -m fruitlab methods --markdown` from what each method declares. Every method also
has the settings of all runs: `fruitlab/config/training_settings.py` and `run_config.py`.
"""


def markdown() -> str:
    """Title, description, settings and phases of every method."""
    return "\n".join([HEAD, *(_section(method) for method in methods().values())])


def _section(method: type[Method]) -> str:
    lines = [f"## {method.title}", "", f"`fruitlab train {method.name}`", ""]
    lines += [method.description, "", inspect.cleandoc(method.__doc__ or ""), ""]
    if method.own_settings():
        lines += ["| setting | name | default | values | meaning |", "|---|---|---|---|---|"]
        lines += [_row(setting) for setting in method.own_settings().values()]
        lines.append("")
    lines.append("Phases with the `quick` preset:")
    lines.append("")
    for phase in configure(method.name).phases():
        plural = "s" if phase.iterations != 1 else ""
        lines.append(f"- {phase.summary}, {phase.iterations:,} iteration{plural}")
    return "\n".join([*lines, ""])


def _row(setting: Setting) -> str:
    default = str(setting.default).lower() if setting.kind is bool else setting.default
    paper = f" Paper {setting.paper}." if setting.paper else ""
    cells = (f"`{setting.name}`", setting.title, default, _values(setting), setting.help + paper)
    return f"| {' | '.join(map(str, cells))} |"


def _values(setting: Setting) -> str:
    if setting.choices:
        return ", ".join(setting.choices)
    if setting.kind is bool:
        return "true, false"
    if setting.low is None and setting.high is None:
        return "text" if setting.kind is str else "any number"
    unit = setting.unit if setting.unit == "%" else f" {setting.unit}".rstrip()
    return f"{setting.low} to {setting.high}{unit}"
