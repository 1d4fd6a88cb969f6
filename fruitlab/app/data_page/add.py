"""Adding data from the page: two folders by path, a zip, or a public dataset; each in a process of its own, with its progress."""

from pathlib import Path

import streamlit as st

from fruitlab.config.errors import DataError
from fruitlab.config.paths import data_root
from fruitlab.data import cache, sources
from fruitlab.runs import jobs
from fruitlab.runs.jobs import Job

EVERY = 1.0  # seconds between two looks at a job
LARGEST_UPLOAD = 2000  # MB; Streamlit holds an upload in memory
PROBLEM = "data problem"
LAYOUT = """Two folders with the same category names in both, such as `nice/Apple/1.jpg` and `real/Apple/1.jpg`. *Nice* pictures show one thing on a plain
background, *real* ones are photos from everyday life; any categories will do, not only fruit. A category needs 20 pictures in each."""


def root() -> Path:
    return data_root() / ".jobs"


def progress() -> None:
    """What is being added now, and how the last ones ended."""
    found = jobs.found(root())
    if found:
        working = any(job.status() == "working" for job in found)
        st.fragment(_progress, run_every=EVERY if working else None)(working)


def _progress(was_working: bool) -> None:
    found = [(job, job.status()) for job in jobs.found(root())]
    if was_working and not any(status == "working" for _, status in found):
        st.rerun()  # new data is there, or a sentence
    for job, status in found:
        with st.container(border=True):
            _one(job, status)


def _one(job: Job, status: str) -> None:
    title = str(job.asked.get("title", "A command"))
    if status == "working":
        text, share = job.progress()
        st.progress(share or 0.0, text=f"**{title}** · {text}")
        st.button(
            "Cancel", key=f"cancel {job.folder.name}", icon=":material/close:", on_click=job.cancel
        )
        return
    result = job.result()
    if status == "done":
        st.success(f"**{title}**: done. {_made(result)}", icon=":material/check:")
    else:
        why = result.get("error") or (
            "its process ended without a word. Nothing of it was kept; add it again."
            if status == "broken off"
            else job.said().strip().splitlines()[-1:] or ["it failed without saying why."]
        )
        st.error(f"**{title}**: {why if isinstance(why, str) else why[0]}", icon=":material/error:")
    if status == "done" and (ignored := result.get("ignored")):
        with st.expander(f"{len(ignored)} folders or files were not looked at"):
            st.dataframe(
                [{"what": what, "why": why} for what, why in ignored.items()], hide_index=True
            )
    st.button(
        "Dismiss",
        key=f"dismiss {job.folder.name}",
        icon=":material/done_all:",
        on_click=job.dismiss,
    )


def _made(result: dict) -> str:
    made = result.get("imported") or result
    if "counts" not in made:
        return (
            f"It lies in {result['folder']}. The other domain is still missing."
            if "folder" in result
            else ""
        )
    nice, real = (
        sum(sum(sides[domain].values()) for sides in made["counts"].values())
        for domain in ("nice", "real")
    )
    return (
        f"{made['name']} has {len(made['categories'])} categories, {nice:,} nice and {real:,} real pictures; {len(made['refused']):,} refused, "
        f"{len(made['left_out'])} categories left out."
    )


def forms() -> None:
    """The three ways to add data."""
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")
    zipped, folders, public = st.tabs(
        ["Upload a zip", "Two folders on this machine", "Public datasets"]
    )
    with zipped:
        upload()
    with folders:
        paths()
    with public:
        downloads()


def upload() -> None:
    st.caption(f"A zip of two folders, nice and real. {LAYOUT}")
    file = st.file_uploader("Zip file", type="zip", key="zip file", max_upload_size=LARGEST_UPLOAD)
    name, replace = _named("zip")
    st.button(
        "Add it",
        key="add zip",
        type="primary",
        disabled=file is None or not name,
        icon=":material/add:",
        on_click=_import,
        args=(name, ["--zip"], replace),
        kwargs={"upload": file},
    )


def paths() -> None:
    st.caption(
        f"{LAYOUT} Fruits-360 and Fruits-262 are recognised as they are released. The folders stay where they are, and are looked through for "
        "changes whenever a run starts."
    )
    nice = st.text_input(
        "Folder of nice pictures", key="nice folder", placeholder="/home/me/pictures/nice"
    )
    real = st.text_input(
        "Folder of real photos", key="real folder", placeholder="/home/me/pictures/real"
    )
    name, replace = _named("folders")
    st.button(
        "Add them",
        key="add folders",
        type="primary",
        disabled=not (nice and real and name),
        icon=":material/add:",
        on_click=_import,
        args=(name, ["--nice", nice, "--real", real], replace),
    )


def _named(key: str) -> tuple[str, bool]:
    """What the data is to be called, and whether it may replace what has that name; an empty name while it cannot be."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Call it", key=f"name of {key}", max_chars=64, placeholder="my-pictures", width=260
        ).strip()
    if not name:
        return "", False
    try:
        cache.check_name(name)
    except DataError as error:
        st.caption(f":red[{error}]")
        return "", False
    if not (data_root() / name / cache.RECORD).exists():
        return name, False
    replace = st.checkbox(
        f"Replace the data that is called {name} now", key=f"replace {key} {name}"
    )
    return (name if replace else ""), replace


def _import(name: str, arguments: list[str], replace: bool, upload=None) -> None:
    command = ["data", "import", "--name", name, *(["--replace"] if replace else []), *arguments]
    start(f"Adding {name}", command, upload=upload)


def start(title: str, command: list[str], upload=None) -> None:
    try:
        if upload is not None:
            upload.seek(0)
        jobs.start(root(), title, command, upload=upload)
    except OSError as error:
        st.session_state[PROBLEM] = str(cache.unwritable(error))


def downloads() -> None:
    st.caption(
        "Published on Kaggle by their authors. Nothing is loaded before you press a button. With both, the data set fruits is made of them."
    )
    for name, source in sources.SOURCES.items():
        with st.container(border=True):
            st.markdown(
                f"**{source.title}**, for the {source.domain} domain: {source.about}. [Its page]({source.page})"
            )
            st.caption(f"Licence: {source.licence}.")
            if folder := sources.downloaded(name, data_root()):
                st.caption(f"✓ It is here: {folder}")
            else:
                agreed = st.checkbox("I have read the licence", key=f"licence {name}")
                st.button(
                    f"Download {source.title}",
                    key=f"download {name}",
                    icon=":material/cloud_download:",
                    disabled=not agreed,
                    on_click=start,
                    args=(f"Downloading {source.title}", ["data", "download", name]),
                )
