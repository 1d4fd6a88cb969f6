"""Paper: its tables, figures, hypotheses and findings, ours beside the paper's; and the study that gives ours."""

from functools import partial

import streamlit as st

from fruitlab.app import navigation, shared
from fruitlab.app.components import chart
from fruitlab.app.paper_page import ablations, parts, study
from fruitlab.data import store
from fruitlab.plots import figures as charts
from fruitlab.runs import forgetting
from fruitlab.runs.index import Entry
from fruitlab.studies import figures as paper_charts
from fruitlab.studies import findings, published, reproduction
from fruitlab.studies.findings import Verdict
from fruitlab.studies.reproduction import Reproduction

WHICH = {"last": "Last iteration", "best": "Best of each column"}


def main() -> None:
    st.title("Paper")
    st.caption(f"{published.AUTHOR}: [{published.TITLE}]({published.LINK}). {published.WHERE}.")
    entries = shared.index().entries()
    study.watch(entries)
    found = reproduction.reproductions(entries)
    one = choose(found)
    if one is None:
        st.markdown(
            "What the paper reports about training one network on two kinds of picture, *nice* ones on white and *real* photos, all at once "
            "(mixed) or one after the other (iterative)."
        )
        st.info(
            "No finished run yet, so these are the paper's numbers alone. Twenty trainings put yours beside them: start the study here, and "
            "watch the page fill in.",
            icon=":material/article:",
        )
    else:
        st.markdown(
            "What the paper reports, beside what came out here: does mixing two kinds of picture beat showing them one after the other?"
        )
        parts.headline(one)
    study.start_study(one, opened=one is None or not one.complete or study.at_work(entries))
    last = reproduction.last(one.mixed) if one else {}
    best = reproduction.best(one.mixed) if one else {}
    splits = (
        {norms: reproduction.last(runs) for norms, runs in one.iterative.items()} if one else {}
    )
    categories = (one.first.categories if one else None) or published.CATEGORIES
    curves = (
        {
            norms: forgetting.curve(runs[50][0], 1)
            for norms, runs in one.iterative.items()
            if 50 in runs
        }
        if one
        else {}
    )
    hypotheses(last, splits)
    st.header("Mixed training", anchor="mixed")
    mixed(one, last, best, categories)
    st.header("Iterative training", anchor="iterative")
    iterative(last, splits, curves, categories)
    other_findings(one, last, splits, curves, categories)
    tuning(entries, one)
    ablations.show(entries)
    st.header("The network and the small print", anchor="network")
    parts.table1()
    parts.small_print(one, last, categories)


def choose(found: list[Reproduction]) -> Reproduction | None:
    """The data and recipe on the page: the one the address names, else the first."""
    if len(found) < 2:
        return found[0] if found else None
    keys = {one.key: one for one in found}
    asked = st.query_params.get("set")
    if asked in keys or st.session_state.get("paper set") not in keys:
        st.session_state["paper set"] = asked if asked in keys else found[0].key

    def moved() -> None:
        st.query_params["set"] = st.session_state["paper set"]
        study.forget()

    return keys[
        st.selectbox(
            "Data and recipe",
            list(keys),
            format_func=lambda key: keys[key].name,
            key="paper set",
            on_change=moved,
        )
    ]


def hypotheses(last: findings.Column, splits: dict[str, findings.Column]) -> None:
    st.header("The three hypotheses", anchor="hypotheses")
    ways = {
        norms: findings.iterative_wins(
            last, column, f"statistics {norms}" if len(splits) > 1 else ""
        )
        for norms, column in splits.items()
    }
    # Of several ways with the statistics, the one with the best iterative run decides.
    decided = [norms for norms in ways if ways[norms].status != findings.NOT_YET]
    third = (
        findings.iterative_wins(last, {})
        if not ways
        else ways[
            max(
                decided or ways,
                key=lambda norms: (
                    len(splits[norms]),
                    max(s.mean("combined") for s in splits[norms].values()),
                ),
            )
        ]
    )
    st.caption(findings.MARGIN)
    found = [
        (check(last), check(findings.PAPER).status)
        for check in (findings.own_domain, findings.near_half)
    ] + [(third, "")]
    parts.cards(
        [
            partial(parts.verdict, title, claim, theirs, verdict, status)
            for (title, claim, theirs), (verdict, status) in zip(
                published.HYPOTHESES, found, strict=True
            )
        ]
    )


def mixed(
    one: Reproduction | None, last: findings.Column, best: findings.Column, categories: int
) -> None:
    if one is not None and not one.mixed:
        st.info(
            "No finished mixed run of this recipe yet: the paper's numbers alone.",
            icon=":material/info:",
        )
    which = (
        st.segmented_control(
            "Ours in the figures",
            list(WHICH),
            default="last",
            format_func=WHICH.get,
            required=True,
            key="ours",
            bind="query-params",
            help="The paper's hollow marks are bests over training; the last iteration is what one "
            "would get.",
        )
        if best
        else "last"
    )
    left, right = st.columns(2, gap="large")
    with left:
        chart.show(
            paper_charts.mixed(best if which == "best" else last, top=1, categories=categories),
            key="figure 11",
            height=360,
        )
    with right:
        ours = (
            (reproduction.best if which == "best" else reproduction.last)(one.mixed, 3)
            if one
            else {}
        )
        chart.show(
            paper_charts.mixed(ours, top=3, categories=categories), key="figure 12", height=360
        )
    st.markdown(
        "**Table 2: top-1 accuracies and combined performance**, over the share of the real training set"
    )
    parts.table2(last, best)
    spread = (
        "± is the standard deviation over seeds. "
        if any(len(scores.nice) > 1 for scores in last.values())
        else ""
    )
    st.caption(
        f"{spread}Bold: the highest of its column. The paper's columns are each the best over training, so its numbers compare with our best "
        "per column; both are selected on the test pictures. Nice test pictures of Fruits-360 are frames of the same videos as the training "
        "ones, in the paper too: that flatters nice."
    )


def iterative(
    last: findings.Column,
    splits: dict[str, findings.Column],
    curves: dict[str, charts.Forgetting],
    categories: int,
) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        top = last[findings.best(last, "combined")].mean("combined") if last else None
        chart.show(
            paper_charts.iterative(splits, categories=categories, best_mixed=top),
            key="figure 13",
            height=380,
        )
    with right:
        named = [
            charts.Forgetting(f"statistics {norms}", curve.iteration, curve.nice, curve.real)
            for norms, curve in curves.items()
        ]
        chart.show(
            paper_charts.restricted(named, categories=categories), key="figure 14", height=380
        )
        if len(curves) == 1:
            st.caption(
                f"Here the convolutions' moving statistics are *{next(iter(curves))}*. *Follow* are the paper's words, *frozen* the "
                "quick recipe's; tick “Statistics both ways” in the study to see both."
            )
    navigation.link("forgetting", "Look closer at forgetting")


def other_findings(
    one: Reproduction | None,
    last: findings.Column,
    splits: dict[str, findings.Column],
    curves: dict[str, charts.Forgetting],
    categories: int,
) -> None:
    st.header("What else the paper found", anchor="findings")
    theirs = {
        "helps": findings.helps_nice(findings.PAPER).status,
        "carries": findings.carries_over(findings.PAPER, published.CATEGORIES).status,
    }
    rows: list[list[tuple[str, Verdict, str]]] = [
        [
            ("helps", findings.helps_nice(last), ""),
            ("carries", findings.carries_over(last, categories), ""),
        ]
    ]
    for norms in splits or {"": {}}:
        before = reproduction.at_switch(one.iterative[norms]) if one and norms else {}
        curve = curves.get(norms)
        named = f" (statistics {norms})" if len(splits) > 1 else ""
        rows.append(
            [
                ("restricted", findings.never_improves(before, splits.get(norms, {})), named),
                ("domains", findings.none_beats_mixed(last, splits.get(norms, {})), named),
                (
                    "fast",
                    findings.forgets_fast(
                        *(
                            ([], [])
                            if curve is None
                            else (curve.iteration.tolist(), curve.nice.tolist())
                        )
                    ),
                    named,
                ),
            ]
        )
    for row in rows:
        parts.cards(
            [
                partial(
                    parts.verdict,
                    published.FINDINGS[name][0] + more,
                    "",
                    published.FINDINGS[name][1],
                    verdict,
                    theirs.get(name, ""),
                )
                for name, verdict, more in row
            ]
        )


def tuning(entries: list[Entry], one: Reproduction | None) -> None:
    st.header("Tuning", anchor="tuning")
    figures = reproduction.tuning(entries, one)
    for number, (title, theirs) in published.TUNING.items():
        if number in figures:
            chart.show(
                paper_charts.tuning(number, figures[number]), key=f"figure {number}", height=330
            )
        else:
            st.markdown(f"**Figure {number}: {title}.** {theirs}")
    if len(figures) < len(published.TUNING):
        data = one.config.data if one and store.is_available(one.config.data) else "NAME"
        st.caption(
            "The paper's text gives no numbers of these figures. Ours appear when tuning runs exist: 44, 88 and 33 runs of the paper's "
            "recipe, at one seed. That is days on a small machine; `--dry-run` says how long on this one."
        )
        st.code(
            f"python -m fruitlab study tuning --data {data} --dry-run",
            language=None,
            wrap_lines=True,
        )


main()
