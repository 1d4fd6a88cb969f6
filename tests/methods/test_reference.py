"""docs/methods.md is generated from the methods' declarations."""

from fruitlab.config.paths import PROJECT
from fruitlab.methods import reference


def test_document_is_up_to_date():
    text = (PROJECT / "docs" / "methods.md").read_text(encoding="utf-8")
    message = "run: python -m fruitlab methods --markdown > docs/methods.md"
    assert text.strip() == reference.markdown().strip(), message
