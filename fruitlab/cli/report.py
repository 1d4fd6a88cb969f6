"""Results as text for the terminal: plain tables and short messages."""

from typing import Any

from fruitlab.config.errors import RunError
from fruitlab.config.run_config import RunConfig
from fruitlab.config.text import percent, whole_percent
from fruitlab.data.domains import Split, TwoDomains
from fruitlab.methods.base import Method
from fruitlab.methods.phase import labels, pool_size
from fruitlab.metrics import accuracy
from fruitlab.runs.captions import method_caption
from fruitlab.runs.folder import Run


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table with a header line; columns of numbers are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    right = [
        all(row[i][:1].isdigit() or row[i] in ("", "—") for row in rows) for i in range(len(head))
    ]

    def line(cells: list[str]) -> str:
        return "  ".join(
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(cells, widths, right, strict=True)
        ).rstrip()

    return "\n".join([line(head), "  ".join("-" * w for w in widths), *map(line, rows)])


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
    """The result of `data import` and `data show`: counts per category, problems and warnings."""
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
        if more > 0:
            shown += f"\n  and {more:,} more (--json lists all)"
        parts.append(f"{len(result['refused']):,} files cannot be used:\n{shown}")
    parts += [f"Note: {warning}" for warning in result["warnings"]]
    return "\n\n".join(parts)


def training_pictures(config: Method, data: TwoDomains, split: Split) -> str:
    """What a run trains on, phase by phase: a fraction is of a training set, so count pictures."""
    sizes = {"nice": len(split.nice_train), "real": len(split.real_train)}
    parts = []
    for label, phase in zip(labels(config.phases()), config.phases(), strict=True):
        counts = [
            f"{count:,} {domain}"
            for pool in phase.pools
            for domain, size in sizes.items()
            if (count := pool_size(pool, domain, size, len(data.categories)))
        ]
        layers = "all layers" if phase.trains is None else f"only the {' and '.join(phase.trains)}"
        pictures = " and ".join(counts) + " pictures"
        if len(phase.pools) == 1 and len(counts) == 2:
            nice, real = (pool_size(phase.pools[0], name, sizes[name], 0) for name in sizes)
            pictures += f" ({whole_percent(real, nice + real)} real)"
        parts.append(f"{label}: {layers} on {pictures}, {phase.iterations:,} iterations")
    return f"{method_caption(config)} on {data.name}. " + ". ".join(parts)


def scores(result: dict[str, Any]) -> str:
    """Top-1 and top-3 on both domains with their intervals, and per category if known."""

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
    """How a run ended, and its scores."""
    head = (
        f"{result['run']}: {result['status']} at iteration {result['iteration']:,} of "
        f"{config.iterations:,}, {result['images_seen']:,} pictures seen"
    )
    if result["status"] != "finished":
        head += f". Resume it: python -m fruitlab resume {result['run']}"
    if "nice" not in result:
        return head
    full = result["status"] == "finished" or result.get("full")
    note = "" if full else "\n(on a part of the test sets)"
    return f"{head}\n\n{scores(result)}{note}"


def predictions(results: list[dict[str, Any]]) -> str:
    """A line for each photo that could be read."""
    return "\n".join(
        f"{one['photo']}: "
        + " · ".join(f"{top['category']} {percent(top['probability'])}" for top in one["top"])
        for one in results
        if "error" not in one
    )


def run_row(run: Run) -> dict[str, Any]:
    """A run in the list of `runs`: its configuration, status and last scores."""
    row: dict[str, Any] = {"run": run.id, "status": run.status()}
    try:
        config = run.config()
    except RunError as error:
        return row | {"status": "unreadable", "error": str(error)}
    row |= {
        "method": config.method,
        "preset": config.preset,
        "description": method_caption(config),
        **({config.headline: getattr(config, config.headline)} if config.headline else {}),
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
            lines.append([row["run"], row["status"], *[""] * 8])
            continue
        description = row["description"]
        # A ratio is of two sets that may differ in size, so the numbers of pictures follow it.
        if row["training_pictures"]:
            nice, real = (
                sum(phase[domain] for phase in row["training_pictures"].values())
                for domain in ("nice", "real")
            )
            description += f": {nice:,} nice + {real:,} real"
        tops = [percent(row[name] and row[name]["top1"]) for name in ("nice", "real", "combined")]
        lines.append(
            [
                row["run"],
                row["status"],
                description,
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
            "training",
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


def methods(known: list[dict[str, Any]]) -> str:
    """A table of the training methods."""
    rows = []
    for method in known:
        settings = ", ".join(f"{name} {value}" for name, value in method["settings"].items())
        rows.append([method["name"], method["description"], settings])
    return table(["name", "what it does", "settings and defaults"], rows)


def network(rows: list[dict[str, Any]]) -> str:
    return table(
        ["Layer/Operation", "Parameters (Table 1)", "Output Size", "Layers", "Trained parameters"],
        [
            [r["layer"], r["parameters_of"], r["output"], str(r["layers"]), f"{r['parameters']:,}"]
            for r in rows
        ],
    )
