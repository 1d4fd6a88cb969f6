"""Adding a dataset: a form for a zip, for two folders, and for the public datasets."""

from typing import BinaryIO

import streamlit as st

from fruitlab.app import navigation
from fruitlab.app.data_page import naming, work
from fruitlab.config.modes import Action, allows
from fruitlab.config.paths import data_root
from fruitlab.data import sources

LARGEST_UPLOAD = 2000  # MB; Streamlit holds an upload in memory
LAYOUT = (  # of two folders
    "with the same category names in both, such as `nice/Apple/1.jpg` and "
    "`real/Apple/1.jpg`. *Nice* pictures show one thing on a plain background, *real* ones are "
    "everyday photos. Any categories will do, not only fruit; a category needs 20 pictures in each "
    "domain."
)


def forms() -> None:
    """The ways to add a dataset."""
    if problem := st.session_state.pop(work.PROBLEM, None):
        st.error(problem, icon=":material/error:")
    ways = {
        "Upload a zip": (Action.IMPORT, upload),
        "Two folders on this machine": (Action.FOLDERS, paths),
        "Public datasets": (Action.DOWNLOAD, downloads),
    }
    allowed = {title: show for title, (action, show) in ways.items() if allows(action)}
    for tab, show in zip(st.tabs(list(allowed)), allowed.values(), strict=True):
        with tab:
            show()


def upload() -> None:
    """A form for a zip file of both folders."""
    st.caption(f"A zip of two folders {LAYOUT}")
    navigation.link("explore", "Or start with a camera and a few things", query={"view": "desk"})
    file = st.file_uploader("Zip file", type="zip", key="zip file", max_upload_size=LARGEST_UPLOAD)
    if file is not None:
        naming.suggest(file.name)
    name, replace = naming.named("zip")
    st.button(
        "Add dataset",
        key="add zip",
        type="primary",
        disabled=file is None or not name,
        icon=":material/add:",
        on_click=_import,
        args=(name, ["--zip"], replace),
        kwargs={"upload": file},
    )


def paths() -> None:
    """A form for two folders on the server's disk."""
    st.caption(
        f"Two folders {LAYOUT} Fruits-360 and Fruits-262 are recognized as released. The folders "
        "stay where they are, and are checked for changes whenever a run starts."
    )
    nice = st.text_input(
        "Folder of nice pictures", key="nice folder", placeholder="/home/me/pictures/nice"
    )
    real = st.text_input(
        "Folder of real photos", key="real folder", placeholder="/home/me/pictures/real"
    )
    name, replace = naming.named("folders")
    st.button(
        "Add dataset",
        key="add folders",
        type="primary",
        disabled=not (nice and real and name),
        icon=":material/add:",
        on_click=_import,
        args=(name, ["--nice", nice, "--real", real], replace),
    )


def downloads() -> None:
    """Buttons that download the public datasets."""
    st.caption(
        "Published on Kaggle by their authors. Nothing is downloaded before you press a button. "
        "Once both are here, they are imported as the dataset fruits."
    )
    for name, source in sources.SOURCES.items():
        with st.container(border=True):
            st.markdown(
                f"**{source.title}**, for the {source.domain} domain: {source.about}. [Its page]"
                f"({source.page})"
            )
            st.caption(f"Licence: {source.licence}.")
            if folder := sources.downloaded(name, data_root()):
                st.caption(f"✓ Downloaded to {folder}")
                continue
            agreed = st.checkbox("I have read the licence", key=f"licence {name}")
            st.button(
                f"Download {source.title}",
                key=f"download {name}",
                icon=":material/cloud_download:",
                disabled=not agreed,
                on_click=work.start,
                args=(f"Downloading {source.title}", ["data", "download", name]),
            )


def _import(name: str, arguments: list[str], replace: bool, upload: BinaryIO | None = None) -> None:
    command = ["data", "import", "--name", name, *(["--replace"] if replace else []), *arguments]
    work.start(f"Adding {name}", command, upload=upload)
