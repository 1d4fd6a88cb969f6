"""What axe-core finds on a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def serious(page: Page) -> list[str]:
    """The serious and critical violations, each with the elements and what is wrong with them."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:100]} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
