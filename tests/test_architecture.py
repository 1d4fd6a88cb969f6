"""docs/architecture.md agrees with the code: layers, imports of torch, and paths."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

from fruitlab.config.paths import PACKAGE, PROJECT

DOCUMENT = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")


def contract_layers() -> list[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    return contract["layers"]


def test_diagram_matches_the_contract():
    drawn = re.findall(r"^\| ([a-z_]+(?: \| [a-z_]+)*) {2,}\|", DOCUMENT, re.MULTILINE)
    assert drawn == contract_layers()


def test_every_package_has_a_layer():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {name for layer in contract_layers() for name in layer.split(" | ")} == packages


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md", "README.md"])
def test_paths_that_a_document_names_exist(document):
    text = (PROJECT / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:fruitlab|pages|tests|docs|benchmarks|checkpoints)/[\w./-]*)`", text)
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    missing = [path for path in named if not (PROJECT / path).exists()]
    folder = (PROJECT / document).parent
    missing += [link for link in links if not (folder / link).exists()]
    assert not missing


def test_documents_that_the_code_names_exist():
    sources = [
        *PACKAGE.rglob("*.py"),
        *PROJECT.glob("pages/*.py"),
        *PROJECT.glob("benchmarks/*.py"),
    ]
    named = {
        path
        for source in sources
        for path in re.findall(r"\bdocs/[\w./-]*\.\w+", source.read_text(encoding="utf-8"))
    }
    assert {path for path in named if not (PROJECT / path).exists()} == set()


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """For each module, what it imports at module level, with the packages around each import."""
    graph = grimp.build_graph(
        "fruitlab",
        include_external_packages=True,
        exclude_type_checking_imports=True,
        cache_dir=None,
    )
    found: dict[str, set[str]] = {}
    for module in (name for name in graph.modules if name.split(".")[0] == "fruitlab"):
        lines = set(_module_level_imports(_source(module)))
        found[module] = set(_packages(module))
        for imported in graph.find_modules_directly_imported_by(module):
            details = graph.get_import_details(importer=module, imported=imported)
            if any(detail["line_number"] in lines for detail in details):
                found[module] |= {imported, *_packages(imported)}
    return found


def test_torch_is_imported_only_where_documented(imports):
    section = DOCUMENT.split("## Where PyTorch is imported")[1].split("\n## ")[0]
    allowed = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    reaching = {module.split(".")[1] for module in _importers_of("torch", imports)}
    assert reaching == allowed


def _importers_of(target: str, imports: dict[str, set[str]]) -> set[str]:
    """The modules whose import imports `target`, directly or through others."""
    reaching = {target}
    while more := {name for name, found in imports.items() if found & reaching} - reaching:
        reaching |= more
    return reaching - {target}


def _source(module: str) -> Path:
    path = PROJECT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _packages(module: str) -> list[str]:
    """The packages around a module: importing it imports them first."""
    parts = module.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def _module_level_imports(source: Path) -> Iterator[int]:
    """The lines of the import statements that run when the module is imported."""
    nodes: list[ast.AST] = [ast.parse(source.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node.lineno
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            nodes += ast.iter_child_nodes(node)
