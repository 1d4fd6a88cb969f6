"""The paper's hypotheses and findings as cards, with the verdicts on our runs."""

from collections.abc import Mapping, Sequence
from typing import Literal

import streamlit as st

from fruitlab.app.paper_page.results import Results
from fruitlab.config.text import percent
from fruitlab.studies import findings, published, score_columns, tuning_findings
from fruitlab.studies.findings import Verdict
from fruitlab.studies.published import Claim
from fruitlab.studies.scores import PAPER, Status
from fruitlab.studies.tuning import Tuned

BADGES: dict[Status, tuple[str, Literal["violet", "grey"]]] = {
    Status.HOLDS: (":material/check:", "violet"),
    Status.PARTLY: (":material/contrast:", "violet"),
    Status.FAILS: (":material/close:", "grey"),
    Status.CLOSE: (":material/balance:", "grey"),
    Status.NOT_YET: (":material/hourglass_empty:", "grey"),
}
MARGIN = (
    "The checks compare top-1 accuracies after the last iteration, as means over seeds. A "
    "difference within the 95% margin, which follows from the number of test pictures and the "
    "deviation over seeds, is too close to call."
)
TUNING_RULE = (
    "At each ratio, the best of the paper's values is compared with the best of the others. The"
    " claim holds if the paper's are higher by more than the margin at one ratio or more, and lower"
    " at none. It does not hold if they are lower at more ratios than they are higher."
)
RULES = {
    "own_domain": "Nice accuracy is highest at 0% real and real accuracy at 100%. A part fails if"
    " another ratio is higher by more than the margin. One part of two: holds in part.",
    "near_half": "The combined score is highest at 50% real. From 40 to 60%: holds in part.",
    "iterative_wins": "The best of the nine splits has a higher combined score than the best of the"
    " eleven ratios.",
    "helps_nice": "Nice accuracy with 10, 20 or 30% real, the best of them, is higher than with"
    " none.",
    "carries_over": "Real accuracy from nice pictures alone and nice accuracy from real ones alone"
    " are both above the random baseline by more than their margin.",
    "never_improves": "At none of the nine splits is the combined score higher at the end of"
    " restricted training than at the switch.",
    "none_beats_mixed": "The highest nice and the highest real accuracy of the nine splits are no"
    " higher than those of the eleven ratios.",
    "forgets_fast": "At the 50% split, nice accuracy falls below half of its value at the switch"
    " within 200 restricted iterations.",
    "rates": f"{TUNING_RULE} The paper's: 0.0025 and 0.004.",
    "factors": f"{TUNING_RULE} The paper's: 0.1 to 0.7, with the better of the learning rates.",
    "final": f"{TUNING_RULE} The paper's: 0.5.",
}
# What decided a check, of those where one sentence fits every outcome.
FIGURES = {
    "iterative_wins": "Best iterative run, {split}% split: {iterative:.1%} combined. Best mixed"
    " run, {ratio}% real: {mixed:.1%} (margin {points}).",
    "helps_nice": "Nice: {some:.1%} with {ratio}% real, {none:.1%} with none (margin {points}).",
    "carries_over": "Trained on nice alone: {real_from_nice:.1%} of real pictures. Trained on real"
    " alone: {nice_from_real:.1%} of nice ones. Random baseline: {baseline:.1%}.",
    "none_beats_mixed": "Nice: {nice_iterative:.1%} iterative, {nice_mixed:.1%} mixed. Real:"
    " {real_iterative:.1%} iterative, {real_mixed:.1%} mixed.",
    "forgets_fast": "From {at_switch:.1%} at the switch to {lowest:.1%} at iteration"
    " {lowest_at:,.0f}, and {end:.1%} at the end (iteration {end_at:,.0f}).",
}


def hypotheses(results: Results) -> None:
    """The three hypotheses (5.2)."""
    st.header("The three hypotheses", anchor="hypotheses")
    st.caption(MARGIN)
    last = results.last
    third, statistics = _iterative_wins(results)
    verdicts = [
        (findings.own_domain(last), "", findings.own_domain(PAPER)),
        (findings.near_half(last), "", findings.near_half(PAPER)),
        (third, statistics, None),
    ]
    _cards(published.HYPOTHESES, verdicts)


def _iterative_wins(results: Results) -> tuple[Verdict, str]:
    """Hypothesis 3 for the running statistics with the best iterative run, and which these are."""
    verdicts = {
        statistics: findings.iterative_wins(results.last, column)
        for statistics, column in results.splits.items()
    }
    if not verdicts:
        return findings.iterative_wins(results.last, {}), ""
    decided = [s for s, verdict in verdicts.items() if verdict.status != Status.NOT_YET]

    def best(statistics: str) -> tuple[int, float]:
        column = results.splits[statistics]
        return len(column), max(scores.mean("combined") for scores in column.values())

    statistics = max(decided or verdicts, key=best)
    return verdicts[statistics], results.suffix(statistics)


def other_findings(results: Results) -> None:
    """What else the paper found (5.3); those about iterative training for either statistics."""
    paper = findings.helps_nice(PAPER), findings.carries_over(PAPER, published.CATEGORIES)
    mixed = [
        (findings.helps_nice(results.last), "", paper[0]),
        (findings.carries_over(results.last, results.categories), "", paper[1]),
    ]
    _cards(published.FINDINGS, mixed)
    for statistics in results.splits or {"": {}}:
        column = results.splits.get(statistics, {})
        before = (
            score_columns.at_switch(results.runs.iterative[statistics])
            if results.runs and statistics
            else {}
        )
        curve = results.curves.get(statistics)
        points = ([], []) if curve is None else (curve.iteration.tolist(), curve.nice.tolist())
        verdicts = (
            findings.never_improves(before, column),
            findings.none_beats_mixed(results.last, column),
            findings.forgets_fast(*points),
        )
        suffix = results.suffix(statistics)
        _cards(published.FINDINGS, [(verdict, suffix, None) for verdict in verdicts])


def tuning(found: Mapping[str, Tuned]) -> None:
    """What the paper concludes from its tuning (5.3.1), for the figures that have runs."""
    verdicts = [(tuning_findings.judge(name, tuned), "", None) for name, tuned in found.items()]
    if verdicts:
        _cards(published.TUNING, verdicts)


def _cards(
    claims: Mapping[str, Claim], verdicts: Sequence[tuple[Verdict, str, Verdict | None]]
) -> None:
    """Cards side by side: (verdict, which runs, verdict on the paper's own numbers) of each."""
    for column, (verdict, suffix, paper) in zip(st.columns(len(verdicts)), verdicts, strict=True):
        with column:
            _card(claims[verdict.check], verdict, suffix, paper)


def _card(claim: Claim, verdict: Verdict, suffix: str, paper: Verdict | None) -> None:
    icon, colour = BADGES[verdict.status]
    rule = f"Rule: {RULES[verdict.check]}"
    if paper is not None:
        rule += f" On the paper's own numbers: {paper.status}."
    with st.container(border=True, height="stretch"):
        st.badge(f"here: {verdict.status}", icon=icon, color=colour)
        st.markdown(f"**{claim.title}{suffix}**")
        if claim.quote:
            st.caption(f"“{claim.quote}”")
        text = f"**Here:** {evidence(verdict)}\n\n**The paper:** {claim.outcome}"
        st.markdown(text)
        st.caption(rule)


def evidence(verdict: Verdict) -> str:
    """The figures that decided a check, or what it waits for, in words."""
    missing = verdict.missing
    count = missing.needed - len(missing.places) if missing else 0
    if verdict.status == Status.NOT_YET:
        if missing is None:
            return (
                "This needs a finished run of the 50% split with"
                f" {findings.FORGOTTEN_WITHIN} restricted iterations or more."
            )
        text = f"{count or 'None'} of the {missing.needed} {missing.what} have a finished run."
        if count:
            text += f" Missing: {', '.join(map(str, missing.places))}%."
        return text
    if sentence := FIGURES.get(verdict.check):
        points = _points(verdict.values.get("margin", 0))
        text = sentence.format(**verdict.values, points=points)
    else:
        text = EVIDENCE[verdict.check](verdict.values)
    return text + (f" Judged on {count} of the {missing.needed} {missing.what}." if missing else "")


def _own_domain(v: Mapping[str, float]) -> str:
    texts = []
    for score, end in (("nice", 0), ("real", 100)):
        ratio, highest = v[f"{score}_ratio"], percent(v[f"{score}_best"])
        text = f"{score.capitalize()} is highest at {ratio}% real: {highest}"
        if ratio != end:
            text += f", against {percent(v[f'{score}_own'])} at {end}%"
            text += f" (margin {_points(v[f'{score}_margin'])})"
        texts.append(f"{text}.")
    return " ".join(texts)


def _near_half(v: Mapping[str, float]) -> str:
    text = f"Combined is highest at {v['ratio']}% real: {percent(v['best'])}"
    if v["ratio"] != v["middle"]:
        text += f", against {percent(v['half'])} at {v['middle']}%"
        text += f" (margin {_points(v['margin'])})"
    return f"{text}."


def _never_improves(v: Mapping[str, float]) -> str:
    change = f"split {v['split']}%: from {percent(v['before'])} to {percent(v['after'])}"
    if not v["higher"]:
        return f"Lower at the end at all nine splits. Smallest loss, {change}."
    return (
        f"Higher at the end at {v['higher']} of nine splits, at {v['clearly']} of them by more than"
        f" the margin. Largest gain, {change}."
    )


def _tuning(v: Mapping[str, float]) -> str:
    return (
        f"The paper's values are the best at {v['highest']} of {v['ratios']} ratios. By more than"
        f" the margin, they are better at {v['higher']} and worse at {v['lower']}. Best on average:"
        f" {v['top']:g}. All after {v['iterations']:,.0f} iterations."
    )


EVIDENCE = {
    "own_domain": _own_domain,
    "near_half": _near_half,
    "never_improves": _never_improves,
    "rates": _tuning,
    "factors": _tuning,
    "final": _tuning,
}


def _points(difference: float) -> str:
    return f"{100 * difference:.1f} points"
