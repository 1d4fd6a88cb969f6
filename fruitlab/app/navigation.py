"""The explorer's pages, and links between them."""

from typing import NoReturn

import streamlit as st

from fruitlab.config.paths import PROJECT

PAGES = PROJECT / "pages"
MENU = {  # name of the file: title and icon, in the order of the menu
    "explore": ("Explore", ":material/tune:"),
    "train": ("Train", ":material/play_arrow:"),
    "forgetting": ("Forgetting", ":material/trending_down:"),
    "runs": ("Runs", ":material/table_rows:"),
    "paper": ("Paper", ":material/article:"),
    "data": ("Data", ":material/photo_library:"),
    "classify": ("Classify", ":material/photo_camera:"),
}


def pages() -> dict[str, st.Page]:
    """The pages that exist on disk, by name, in the order of the menu.

    Icons are part of the titles: an `icon` would become the icon of the browser tab, which the
    browser fetches from another server.
    """
    return {
        name: st.Page(PAGES / f"{name}.py", title=f"{icon} {title}", url_path=name)
        for name, (title, icon) in MENU.items()
        if (PAGES / f"{name}.py").is_file()
    }


def home() -> NoReturn:
    """Redirects the bare address to the first page.

    The first page cannot be the default page itself: a default page has no address of its own.
    """
    go(next(iter(pages())), query=st.query_params.to_dict())


def link(
    page: str,
    label: str,
    *,
    query: dict[str, str] | None = None,
    icon: str | None = None,
    help: str | None = None,
) -> None:
    """Draws a link to a page; nothing if the page does not exist.

    Args:
        page: name in `MENU`.
        label: text of the link.
        query: query parameters.
        icon: by default the icon of the page.
        help: tooltip.
    """
    target = pages().get(page)
    if target is not None:
        icon = icon or MENU[page][1]
        st.page_link(target, label=label, icon=icon, query_params=query or {}, help=help)


def invite(page: str, label: str, *, query: dict[str, str] | None = None) -> None:
    """Draws a primary button that leads to a page, for a page that has nothing to show yet."""
    if page in pages() and st.button(label, type="primary", icon=MENU[page][1], key=f"to {page}"):
        go(page, query=query)


def go(page: str, *, query: dict[str, str] | None = None) -> NoReturn:
    """Opens another page and ends this run of the script."""
    st.switch_page(pages()[page], query_params=query or {})
