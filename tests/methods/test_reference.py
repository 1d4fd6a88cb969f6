"""docs/methods.md says what the methods declare."""

from fruitlab.config.paths import PROJECT
from fruitlab.methods import reference


def test_the_document_is_up_to_date():
    text = (PROJECT / "docs" / "methods.md").read_text(encoding="utf-8")
    message = "run: python -m fruitlab methods --markdown > docs/methods.md"
    assert text.strip() == reference.markdown().strip(), message
