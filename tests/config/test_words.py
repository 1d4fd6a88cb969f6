"""The same thing has the same name in forms, tables, the command line and the documents."""

import argparse
import ast
import re
from collections.abc import Iterator

import pytest

from fruitlab.cli.main import parser
from fruitlab.config.paths import PACKAGE, PROJECT
from fruitlab.config.run_config import RunConfig
from fruitlab.config.settings import Setting, settings_of
from fruitlab.methods.registry import methods

# Widgets and columns whose first argument is a label.
LABELLED = re.compile(
    r"(slider|select_slider|number_input|text_input|selectbox|multiselect|segmented_control|toggle"
    r"|checkbox|radio|pills|\w*Column)"
)
# Labels that settings had, which no place may keep.
EARLIER = {
    "data": {"data", "data set"},
    "mirror": {"mirror"},
    "shift": {"shift"},
    "turn": {"turn"},
    "light": {"light"},
    "erase": {"erase"},
    "regularisation": {"regularisation", "regularization", "weight decay"},
    "penalty": {"penalty"},
    "live_every": {"live every"},
    "live_pictures": {"live pictures"},
    "preset": {"recipe"},
    "running_statistics": {"norms", "statistics follow"},
    "restart_clock": {"restart clock"},
}
# DESIGN's vocabulary: words that texts for people do not use.
UNUSED = re.compile(r"\b(recipes?|data sets?|norms follow)\b", re.IGNORECASE)
# Where an earlier name is accepted, or an identifier of a study that exists.
KEPT = {"fruitlab/config/earlier_names.py", "fruitlab/studies/ablations.py"}


def settings() -> Iterator[tuple[str, Setting]]:
    """Every setting with the name of its method."""
    for method in methods().values():
        for setting in settings_of(method).values():
            yield method.name, setting


TITLES: dict[str, set[str]] = {}
for _, one in settings():
    TITLES.setdefault(one.name, set()).add(one.title)


def sources() -> Iterator[tuple[str, ast.AST]]:
    for folder in (PACKAGE / "app", PACKAGE / "cli", PROJECT / "pages"):
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(PROJECT).as_posix()
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def label(title: str) -> str:
    """A label without its unit, in lower case."""
    return re.sub(r"\s*\(.*\)$", "", title).casefold()


def test_labels_of_pages_are_the_titles_of_settings():
    wrong = []
    for path, tree in sources():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            first = call.args[0] if call.args else None
            if not LABELLED.fullmatch(name) or not isinstance(first, ast.Constant):
                continue
            text = label(str(first.value))
            for setting, titles in TITLES.items():
                known = EARLIER.get(setting, set())
                if setting in RunConfig.model_fields:  # others share names with other things
                    known = known | {setting.replace("_", " ")}
                if text in known and text not in map(label, titles):
                    wrong.append(f"{path}:{call.lineno}: {first.value!r} is {' or '.join(titles)}")
    assert wrong == []


@pytest.mark.parametrize("method", methods())
def test_settings_of_a_method_can_be_told_apart(method):
    titles = [setting.title.casefold() for setting in settings_of(methods()[method]).values()]
    assert len(set(titles)) == len(titles)


def test_a_setting_has_the_same_title_with_every_method():
    """Unless it says something else: the share of kept pictures, or of generated features."""
    by_help: dict[tuple[str, str], set[str]] = {}
    for _, setting in settings():
        by_help.setdefault((setting.name, setting.help), set()).add(setting.title)
    assert {key: found for key, found in by_help.items() if len(found) > 1} == {}
    for name in ("ratio", "split", "running_statistics", "layers"):
        assert len(TITLES[name]) == 1, TITLES[name]


def options(of: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    """Every option of every command."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in dict.fromkeys(action.choices.values()):
                yield from options(sub)
        else:
            yield of.prog, action


def test_the_command_line_calls_settings_by_their_titles():
    wrong = []
    for command, action in options(parser()):
        titles = TITLES.get(action.dest, set())
        help_text = " ".join((action.help or "").casefold().split())
        if titles and help_text and not any(title.casefold() in help_text for title in titles):
            wrong.append(
                f"{command} {action.option_strings}: {action.help!r} names none of {titles}"
            )
    assert wrong == []


def test_the_reference_of_methods_has_the_titles():
    text = (PROJECT / "docs" / "methods.md").read_text(encoding="utf-8")
    for method in methods().values():
        for setting in method.own_settings().values():
            assert f"| `{setting.name}` | {setting.title} |" in text


def test_texts_keep_to_the_vocabulary():
    found = []
    for path, tree in sources():
        if path in KEPT:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found += [(path, node.lineno, word) for word in UNUSED.findall(node.value)]
    for path in [*(PROJECT / "docs").glob("*.md"), PROJECT / "README.md"]:
        text = path.read_text(encoding="utf-8")
        found += [(path.name, 0, word) for word in UNUSED.findall(text)]
    assert found == []
