"""Results as text for a terminal: plain tables, percent with one decimal, every number with its unit."""

import sys
from collections.abc import Callable
from typing import Any

from fruitlab.config.errors import RunError
from fruitlab.config.run_config import RunConfig
from fruitlab.config.text import duration, percent
from fruitlab.data.domains import Split, TwoDomains
from fruitlab.data.ratios import describe_ratio, ratio_counts
from fruitlab.metrics import accuracy
from fruitlab.runs.folder import Run
from fruitlab.studies import progress
from fruitlab.studies.progress import Standing


def table(head: list[str], rows: list[list[str]]) -> str:
    """Columns as wide as they need to be; a column of numbers is aligned to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    right = [
        all(row[i][:1].isdigit() or row[i] in ("", "—") for row in rows) for i in range(len(head))
    ]

    def line(cells: list[str]) -> str:
        return "  ".join(
            c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True)
        ).rstrip()

    return "\n".join([line(head), "  ".join("-" * w for w in widths), *map(line, rows)])


def progress_bar(say: Callable[[str], None]) -> Callable[[str, int, int], None]:
    """(what, done, in all) -> one line on a terminal that is written over; elsewhere a line every tenth."""
    shown = ["", -1]

    def show(what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(1, total)
        if sys.stderr.isatty():
            filled = 30 * done // max(1, total)
            print(
                f"\r{what} {'█' * filled}{'·' * (30 - filled)} {done:,}/{total:,} ",
                end="\n" if done >= total else "",
                file=sys.stderr,
                flush=True,
            )
        elif [what, tenth] != shown:
            shown[:] = [what, tenth]
            say(f"{what}: {done:,} of {total:,}")

    return show


def data_table(found: list[dict[str, Any]]) -> str:
    rows = []
    for data in found:
        counts = (data["counts"] or {}).values()
        rows.append(
            [
                data["name"],
                data["kind"] or "?",
                str(len(data["categories"] or ())),
                *(f"{sum(count[domain] for count in counts):,}" for domain in ("nice", "real")),
                data["problem"] or "",
            ]
        )
    return table(["name", "kind", "categories", "nice pictures", "real pictures", "problem"], rows)


def pair(result: dict[str, Any]) -> str:
    """What `data import` and `data show` say: counts by category, what was left out and refused, warnings."""
    rows = [
        [
            category,
            *(
                f"{sides[domain][side]:,}"
                for domain in ("nice", "real")
                for side in ("train", "test")
            ),
        ]
        for category, sides in result["counts"].items()
    ]
    parts = [
        f"{result['name']}: {len(result['categories'])} categories",
        table(["category", "nice train", "nice test", "real train", "real test"], rows),
    ]
    if result["left_out"]:
        parts.append(
            "Left out:\n"
            + "\n".join(f"  {name}: {why}" for name, why in result["left_out"].items())
        )
    if result["refused"]:
        shown = "\n".join(f"  {one['file']}: {one['reason']}" for one in result["refused"][:20])
        more = len(result["refused"]) - 20
        parts.append(
            f"{len(result['refused']):,} files cannot be used:\n{shown}"
            + (f"\n  and {more:,} more (--json lists all)" if more > 0 else "")
        )
    parts += [f"Note: {warning}" for warning in result["warnings"]]
    return "\n\n".join(parts)


def training_pictures(config: RunConfig, data: TwoDomains, split: Split) -> str:
    """What a run will train on: a ratio is of the two training sets, so the pictures behind it are named."""
    if config.method == "mixed":
        return f"mixing {config.ratio} % on {data.name}: {describe_ratio(split, config.ratio)}"
    nice, real = ratio_counts(split, 50)
    return f"initial training for {config.split} % of the iterations on {data.name}: {nice:,} nice pictures, then the last two layers on {real:,} real ones"


def scores(result: dict[str, Any]) -> str:
    """Top-1 and top-3 on both domains with their intervals; by category where known."""

    def cells(scores: dict[str, Any]) -> list[str]:
        return [
            text
            for name in ("top1", "top3")
            for text in (
                percent(scores[name]),
                "{:.1%} to {:.1%}".format(*scores[f"{name}_interval"]),
            )
        ]

    rows = [
        [name, f"{result[name]['pictures']:,}", *cells(result[name])] for name in ("nice", "real")
    ]
    rows.append(["combined", "", *cells(result["combined"])])
    text = table(["test set", "pictures", "top-1", "95 % interval", "top-3", "95 % interval"], rows)
    if "per_category" not in result["nice"]:
        return text
    nice, real = (result[name]["per_category"] for name in ("nice", "real"))
    by_category = [
        [
            category,
            *(
                percent(side[category][k]) if category in side else "—"
                for side in (nice, real)
                for k in ("top1", "top3")
            ),
        ]
        for category in sorted(nice.keys() | real.keys())
    ]
    return (
        text
        + "\n\n"
        + table(["category", "nice top-1", "nice top-3", "real top-1", "real top-3"], by_category)
    )


def trained(result: dict[str, Any], config: RunConfig) -> str:
    """How a training ended."""
    head = f"{result['run']}: {result['status']} at iteration {result['iteration']:,} of {config.iterations:,}, {result['images_seen']:,} pictures seen"
    if result["status"] != "finished":
        head += f". Go on: python -m fruitlab resume {result['run']}"
    if "nice" not in result:
        return head
    note = (
        ""
        if result["status"] == "finished" or result.get("full")
        else "\n(on a part of the test sets)"
    )
    return f"{head}\n\n{scores(result)}{note}"


def predictions(results: list[dict[str, Any]]) -> str:
    """A line for each photo that could be read; what was wrong with the others is said elsewhere."""
    return "\n".join(
        f"{one['photo']}: "
        + " · ".join(f"{top['category']} {percent(top['probability'])}" for top in one["top"])
        for one in results
        if "error" not in one
    )


def run_row(run: Run) -> dict[str, Any]:
    """A run as `runs` lists it: what it is, how it stands, its last scores."""
    row: dict[str, Any] = {"run": run.id, "status": run.status()}
    try:
        config = run.config()
    except RunError as error:
        return row | {"status": "unreadable", "error": str(error)}
    share = "ratio" if config.method == "mixed" else "split"
    row |= {
        "method": config.method,
        "preset": config.preset,
        share: getattr(config, share),
        "data": config.data,
        "seed": config.seed,
        "iterations": config.iterations,
        "experiment": config.experiment(),
        "shipped": run.shipped,
        "training_pictures": (run.header().get("data") or {}).get("training_pictures"),
    }
    ended = run.summary() or {}
    last = ended if "combined" in ended else accuracy.last_scores(run.metrics())
    row |= {
        "iteration": last.get("iteration", 0),
        "images_seen": last.get("images_seen", 0),
        "error": ended.get("error"),
    }
    for name in ("nice", "real", "combined"):
        row[name] = {k: last[name][k] for k in ("top1", "top3")} if name in last else None
    return row


def run_table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "There are no runs yet. Start one: python -m fruitlab train mixed"
    lines = []
    for row in rows:
        if "method" not in row:
            lines.append([row["run"], row["status"], *[""] * 9])
            continue
        share = f"{row['ratio']} %" if "ratio" in row else f"{row['split']} % initial"
        if row[
            "training_pictures"
        ]:  # a ratio is of two sets that may differ in size: say what it came to
            nice, real = (
                sum(phase[domain] for phase in row["training_pictures"].values())
                for domain in ("nice", "real")
            )
            share += f": {nice:,} nice + {real:,} real"
        tops = [percent(row[name] and row[name]["top1"]) for name in ("nice", "real", "combined")]
        lines.append(
            [
                row["run"],
                row["status"],
                row["method"],
                share,
                row["preset"],
                row["data"],
                str(row["seed"]),
                f"{row['iteration']:,}/{row['iterations']:,}",
                *tops,
            ]
        )
    return table(
        [
            "run",
            "status",
            "method",
            "share",
            "preset",
            "data",
            "seed",
            "iteration",
            "nice top-1",
            "real top-1",
            "combined",
        ],
        lines,
    )


def network(rows: list[dict[str, Any]]) -> str:
    return table(
        ["Layer/Operation", "Parameters (Table 1)", "Output Size", "Layers", "Trained parameters"],
        [
            [r["layer"], r["parameters_of"], r["output"], str(r["layers"]), f"{r['parameters']:,}"]
            for r in rows
        ],
    )


def study_plan(said: dict[str, Any]) -> str:
    """What a study is going to do, and what that takes."""
    cost, most = said["cost"], said["most"]
    more = (
        f" (later ones depend on what comes out: {most:,} at most)"
        if most and most > said["runs"]
        else ""
    )
    if not cost["runs"]:
        return f"{said['study']} on {said['data']}: all {said['runs']:,} runs{more} are finished."
    beside = f"; {said['at_once']} train at once, which takes less" if said["at_once"] > 1 else ""
    how = (
        "as earlier runs here did"
        if cost["measured"]
        else "a guess, until a run has been measured here"
    )
    return (
        f"{said['study']} on {said['data']}: {said['runs']:,} runs{more}, {said['finished']:,} of them finished. The other {cost['runs']:,} learn from "
        f"{cost['pictures']:,} pictures and take about {duration(cost['seconds'])} one after the other ({how}{beside})."
    )


def study_rows(now: Standing) -> list[dict[str, Any]]:
    """A row for each of a study's configurations, in its order: accuracies after the last iteration, None where there are none."""
    rows = []
    for config in now.configs:
        entry = now.found.get(config)
        scores = {
            name: entry.final(name) if entry and entry.status == "finished" else None
            for name in ("nice", "real", "combined")
        }
        rows.append(
            {
                "run": entry.id if entry else None,
                "status": entry.status if entry else "to do",
                "settings": config.settings(),
            }
            | scores
        )
    return rows


def study_runs(now: Standing) -> str:
    """What differs between a study's runs, and their scores."""
    rows = study_rows(now)
    names = [
        name
        for name in dict.fromkeys(name for row in rows for name in row["settings"])
        if len({str(row["settings"][name]) for row in rows if name in row["settings"]}) > 1
        and name != "preset"
    ]
    cells = [
        [
            *(str(row["settings"].get(name, "")) for name in names),
            *(percent(row[name]) for name in ("nice", "real", "combined")),
            row["status"],
            row["run"] or "",
        ]
        for row in rows
    ]
    text = table([*names, "nice", "real", "combined", "status", "run"], cells)
    found = progress.best(now)
    if found is None:
        return text

    def short(config: RunConfig) -> str:
        return (
            ", ".join(
                f"{name} {config.settings()[name]}"
                for name in names
                if name in config.settings() and name not in ("seed", "method")
            )
            or "the one there is"
        )

    text += f"\n\nBest combined: {percent(found.combined)} (95 % interval {found.interval[0]:.1%} to {found.interval[1]:.1%}) at {short(found.config)}."
    if found.within:
        text += f" Within that interval as well: {'; '.join(map(short, found.within))}."
    return text
