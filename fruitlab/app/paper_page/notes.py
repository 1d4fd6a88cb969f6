"""Notes of the Paper page: the discussion of the shipped study, limitations, contradictions."""

import re
from collections.abc import Iterable

import streamlit as st

from fruitlab.app.paper_page import tables
from fruitlab.app.paper_page.results import Results
from fruitlab.config.paths import PROJECT
from fruitlab.config.text import percent
from fruitlab.runs.grouping import preset_name
from fruitlab.studies import published
from fruitlab.studies.score_columns import carry_over_gap

DISCUSSION = PROJECT / "docs" / "paper-study.md"
# Tables of a document scroll sideways on a narrow screen, instead of the page.
WIDE_TABLES = "<style>.st-key-discussion table { display: block; overflow-x: auto; }</style>"
OTHER_PHOTOS = (
    "The paper's real photos were never published, and these are others. Compare the shape of the "
    "curves, not the numbers."
)
DRAWN = (
    "These pictures are drawn by the program. They show how the methods behave, not how difficult "
    "fruit is: no number here compares with the paper's."
)
VIDEO_FRAMES = (
    "The nice pictures of Fruits-360 are frames of videos of turning fruit. A random split puts "
    "frames of one video into both training and test set, in the paper as here, so nice accuracy "
    "measures how well the network recognizes the same fruit again."
)
SOURCES = (
    "If the real photos of a category come from a single source, a network can learn the source "
    "instead of the fruit. Check the accuracies by category on the Runs page before quoting one."
)
SELECTION = (
    "The best of each column is selected on the test pictures, and so are tuned settings, in the "
    "paper and in FruitLab's presets. The last iteration is not, but the best ratio is the best of "
    "eleven on the same pictures."
)
OTHER_PRESET = (
    "The preset {preset} is not the paper's: it has another optimizer, schedule and batch size, "
    "and augmentation. Its findings need not hold for the paper's training."
)
PAPER_PRESET = (
    "The constants that are missing from the paper's text (bn_momentum, momentum, the scale of the "
    "L2 penalty) are ours. See the ablations."
)
ONE_SEED = (
    "One seed: the variation between runs is not known. The margins follow from the number of test "
    "pictures alone."
)


def show(results: Results) -> None:
    """Table 1, and everything to know before quoting a number."""
    st.header("The network and the notes", anchor="network")
    tables.table1()
    if results.runs is not None and results.runs.shipped and DISCUSSION.is_file():
        with st.expander("Discussion of the shipped study", icon=":material/difference:"):
            st.html(WIDE_TABLES)
            st.container(key="discussion").markdown(discussion())
    with st.expander("Limitations: the paper's, and ours", icon=":material/report:"):
        ours = [*_gap(results), *limitations(results)]
        st.markdown(
            f"**The paper's** (section 7)\n\n{_list(published.LIMITATIONS)}\n\n"
            f"**Ours**\n\n{_list(ours)}"
        )
    with st.expander("Where the paper contradicts itself", icon=":material/rule:"):
        st.markdown(_list(published.CONTRADICTIONS))


def discussion() -> str:
    """docs/paper-study.md for a page: without its title, headings three levels smaller."""
    text = DISCUSSION.read_text(encoding="utf-8").partition("\n")[2]
    return re.sub(r"^##", "#####", text, flags=re.MULTILINE)


def limitations(results: Results) -> list[str]:
    """What to know before quoting a number of these runs."""
    runs = results.runs
    if runs is None:
        return [VIDEO_FRAMES, SOURCES, SELECTION]
    texts = [DRAWN] if runs.drawn else [OTHER_PHOTOS + _categories(results), VIDEO_FRAMES, SOURCES]
    texts.append(SELECTION)
    preset = preset_name(runs.config)
    texts.append(PAPER_PRESET if preset == "paper" else OTHER_PRESET.format(preset=preset))
    return texts + ([ONE_SEED] if runs.seeds == 1 else [])


def _categories(results: Results) -> str:
    if results.categories == published.CATEGORIES:
        return ""
    ours, theirs = percent(1 / results.categories), percent(published.RANDOM_BASELINE)
    return (
        f" There are {results.categories} categories here and {published.CATEGORIES} in the paper,"
        f" so the random baseline is {ours} instead of {theirs}."
    )


def _gap(results: Results) -> list[str]:
    """Where real accuracy from nice pictures alone is far below the paper's."""
    gap = carry_over_gap(results.runs, results.last)
    if gap is None:
        return []
    ours, theirs = map(percent, gap)
    return [
        f"A network that saw nice pictures alone recognizes {ours} of the real photos, where the"
        f" paper has {theirs} (its best over training; ours is the last iteration)."
    ]


def _list(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)
