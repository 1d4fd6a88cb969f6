"""The pages, and links between them that work from any page and any address."""

from typing import NoReturn

import streamlit as st

from fruitlab.config.paths import PROJECT

PAGES = PROJECT / "pages"
MENU = {  # in this order; what is not on disk is not in the menu
    "explore": ("Explore", ":material/tune:"),
    "train": ("Train", ":material/play_arrow:"),
    "forgetting": ("Forgetting", ":material/trending_down:"),
    "runs": ("Runs", ":material/table_rows:"),
    "paper": ("Paper", ":material/article:"),
    "data": ("Data", ":material/photo_library:"),
    "classify": ("Classify", ":material/photo_camera:"),
}


def pages() -> dict[str, st.Page]:
    """Those there are, by name. Absolute paths, as the main script lies in another folder.

    Their icons are part of the titles: an `icon` would become the tab's too, and the browser would fetch that from another machine.
    """
    there = [name for name in MENU if (PAGES / f"{name}.py").is_file()]
    return {
        name: st.Page(PAGES / f"{name}.py", title=f"{MENU[name][1]} {MENU[name][0]}", url_path=name)
        for name in there
    }


def home() -> NoReturn:
    """The bare address leads to the first page: a page that was itself the default would not answer at its own address."""
    go(next(iter(pages())), query=st.query_params.to_dict())


def link(
    page: str,
    label: str,
    *,
    query: dict[str, str] | None = None,
    icon: str | None = None,
    help: str | None = None,
) -> None:
    """A link to a page with these parameters; nothing where the page is not there."""
    found = pages().get(page)
    if found is not None:
        st.page_link(
            found, label=label, icon=icon or MENU[page][1], query_params=query or {}, help=help
        )


def invite(page: str, label: str, *, query: dict[str, str] | None = None) -> None:
    """A button that leads there, on a page that has nothing to show yet; nothing where the page is not there."""
    if page in pages() and st.button(label, type="primary", icon=MENU[page][1], key=f"to {page}"):
        go(page, query=query)


def go(page: str, *, query: dict[str, str] | None = None) -> NoReturn:
    """Leaves for another page."""
    st.switch_page(pages()[page], query_params=query or {})
