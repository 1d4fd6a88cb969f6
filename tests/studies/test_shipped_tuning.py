"""The tuning runs that ship, and what docs/paper-study.md says about them."""

import re

import pytest

from fruitlab.config.paths import PROJECT
from fruitlab.studies import tuning_runs
from fruitlab.studies.plans import FIRST_FACTOR, RATES, RATIOS, SECOND_FACTORS, THIRD_FACTORS
from fruitlab.studies.tuning import Tuned, tuning
from fruitlab.studies.tuning_findings import judge

SECTION = re.search(
    r"^## Tuning.*?(?=^## |\Z)",
    (PROJECT / "docs" / "paper-study.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)
LINES = {
    "rates": set(RATES),
    "factors": {*SECOND_FACTORS, FIRST_FACTOR},
    "final": set(THIRD_FACTORS),
}


@pytest.fixture
def figures(monkeypatch) -> dict[str, Tuned]:
    monkeypatch.setenv("FRUITLAB_SHIPPED", str(PROJECT / "checkpoints" / "shipped"))
    return tuning(tuning_runs.shipped(), None)


def test_all_configurations_of_the_paper_ship(figures):
    assert {name: set(one.lines) for name, one in figures.items()} == LINES
    for one in figures.values():
        assert one.iterations >= 300
        assert all(set(column) == set(RATIOS) for column in one.lines.values())


@pytest.mark.parametrize("name", LINES)
def test_the_document_has_their_scores_and_verdicts(name, figures):
    assert SECTION is not None
    tables = re.split(r"^\| (?=learning rate|L2 factor)", SECTION[0], flags=re.MULTILINE)[1:]
    table = tables[list(LINES).index(name)]
    head, _, *rows = [line for line in table.splitlines() if "|" in line]
    shown = [int(ratio) for ratio in re.findall(r"(\d+)%", head)]
    found = {
        float(cells[0]): [float(cell) for cell in cells[1:]]
        for cells in (re.findall(r"[\d.]+", row) for row in rows)
    }
    assert set(found) == LINES[name] and len(shown) == 6
    for value, cells in found.items():
        column = figures[name].lines[value]
        expected = [100 * column[ratio].mean("combined") for ratio in shown]
        expected.append(sum(100 * s.mean("combined") for s in column.values()) / len(column))
        assert cells == pytest.approx(expected, abs=0.051)
    assert judge(name, figures[name]).status.value in table.replace("\n", " ").lower()
