"""Adding a dataset: a zip, two folders or a public dataset, imported in a background job."""

from pathlib import Path
from typing import Any, BinaryIO

import streamlit as st

from fruitlab.app import navigation, recent
from fruitlab.app.data_page import choice, naming
from fruitlab.config.errors import RunError
from fruitlab.config.modes import Action, allows
from fruitlab.config.paths import data_root
from fruitlab.config.text import plain
from fruitlab.data import cache, sources
from fruitlab.runs import jobs
from fruitlab.runs.jobs import Job

REFRESH = 1.0  # seconds
LARGEST_UPLOAD = 2000  # MB; Streamlit holds an upload in memory
# Keys of session_state.
PROBLEM = "data problem"  # why a job could not be started
STARTED = "data jobs"  # folders of the jobs that the visitor started, and has not seen end
ENDED = "data jobs ended"  # folders of those that ended in this tab
LAYOUT = (  # of two folders
    "with the same category names in both, such as `nice/Apple/1.jpg` and "
    "`real/Apple/1.jpg`. *Nice* pictures show one thing on a plain background, *real* ones are "
    "everyday photos. Any categories will do, not only fruit; a category needs 20 pictures in each "
    "domain."
)


def root() -> Path:
    """The folder of the jobs that this page starts."""
    return data_root() / ".jobs"


def progress() -> None:
    """The datasets that are being added, and how the last ones ended.

    What failed is shown until it is dismissed or tried again; what succeeded, only in the tab that
    started it.
    """
    found = _newest()
    if found:
        working = any(job.status() == "working" for job in found)
        st.fragment(_progress, run_every=REFRESH if working else None)(working)


def _newest() -> list[Job]:
    """The newest job of each title. Older ones are deleted, unless they work."""
    found: dict[str, Job] = {}
    for job in jobs.all_jobs(root()):
        if found.setdefault(job.title, job) is not job and allows(Action.JOB, job):
            job.dismiss()
    return list(found.values())


def _progress(was_working: bool) -> None:
    found = [(job, job.status()) for job in _newest()]
    if was_working and not any(status == "working" for _, status in found):
        st.rerun()  # to show the new dataset on the page
    mine, seen = (st.session_state.setdefault(key, set()) for key in (STARTED, ENDED))
    for job, status in found:
        folder = job.folder.name
        if status == "done" and folder in mine:
            mine.discard(folder)
            seen.add(folder)
            _select(job)
        if status != "done" or folder in seen:
            with st.container(border=True):
                _show(job, status)


def _select(job: Job) -> None:
    """Makes the dataset that a job added the one that the page shows."""
    result = job.result()
    name = (result.get("imported") or result).get("name")
    if name:
        choice.clear()
        recent.work_with(str(name))
        st.query_params.pop("name", None)


def _show(job: Job, status: str) -> None:
    if status == "working":
        text, share = job.progress()
        st.progress(share or 0.0, text=f"**{plain(job.title)}** · {plain(text)}")
        st.button(
            "Cancel",
            key=f"cancel {job.folder.name}",
            icon=":material/close:",
            on_click=job.cancel,
            disabled=not allows(Action.JOB, job),
        )
        return
    result = job.result()
    if status == "done":
        st.success(
            f"**{plain(job.title)}**: done. {plain(_outcome(result))}", icon=":material/check:"
        )
        if ignored := result.get("ignored"):
            with st.expander(f"{len(ignored)} folders or files were ignored"):
                rows = [{"what": what, "why": why} for what, why in ignored.items()]
                st.dataframe(rows, hide_index=True)
    else:
        st.error(f"**{plain(job.title)}**: {plain(_reason(job, status))}", icon=":material/error:")
    st.button(
        "Dismiss",
        key=f"dismiss {job.folder.name}",
        icon=":material/done_all:",
        on_click=job.dismiss,
        disabled=not allows(Action.JOB, job),
    )


def _reason(job: Job, status: str) -> str:
    """Why a job failed: its error message, or else the last line that it printed."""
    if error := job.result().get("error"):
        return str(error)
    if status == "interrupted":
        if {"answer", "check"} & set(job.request.get("arguments", [])[:2]):
            return "its process ended unexpectedly. Start it again; it goes on where it was."
        return "its process ended unexpectedly. Nothing was kept; add it again."
    return (job.log().splitlines() or ["it failed without a message."])[-1]


def _outcome(result: dict[str, Any]) -> str:
    imported = result.get("imported") or result
    if "counts" not in imported:
        if "folder" not in result:
            return ""
        return f"It is in {result['folder']}. The other domain is still missing."
    nice, real = (
        sum(sum(sides[domain].values()) for sides in imported["counts"].values())
        for domain in ("nice", "real")
    )
    return (
        f"{imported['name']} has {len(imported['categories'])} categories, {nice:,} nice and "
        f"{real:,} real pictures; {len(imported['refused']):,} files could not be used, "
        f"{len(imported['left_out'])} categories were left out."
    )


def forms() -> None:
    """The ways to add a dataset."""
    if problem := st.session_state.pop(PROBLEM, None):
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
                on_click=start,
                args=(f"Downloading {source.title}", ["data", "download", name]),
            )


def start(title: str, command: list[str], upload: BinaryIO | None = None) -> None:
    """Starts a job; if that fails, the next run of the page shows the reason."""
    try:
        job = jobs.start(root(), title, command, upload=upload)
        st.session_state.setdefault(STARTED, set()).add(job.folder.name)
    except RunError as error:
        st.session_state[PROBLEM] = str(error)
    except OSError as error:
        st.session_state[PROBLEM] = str(cache.unwritable(error))


def _import(name: str, arguments: list[str], replace: bool, upload: BinaryIO | None = None) -> None:
    command = ["data", "import", "--name", name, *(["--replace"] if replace else []), *arguments]
    start(f"Adding {name}", command, upload=upload)
