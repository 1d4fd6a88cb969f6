"""What the commands that list things print: datasets, runs, training methods, the network."""

from typing import Any

from fruitlab.cli.tables import table
from fruitlab.config.errors import RunError
from fruitlab.config.text import percent
from fruitlab.metrics import accuracy
from fruitlab.runs.captions import method_caption
from fruitlab.runs.folder import Run


def data_table(found: list[dict[str, Any]]) -> str:
    """The table of `data list`."""
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
    """The table of `runs`."""
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


def networks(known: list[dict[str, Any]]) -> str:
    """A table of the networks."""
    columns = ("name", "title", "description")
    return table(list(columns), [[row[column] for column in columns] for row in known])


def network(rows: list[dict[str, Any]]) -> str:
    """Table 1, from `table1.rows`."""
    return table(
        ["Layer/Operation", "Parameters (Table 1)", "Output Size", "Layers", "Trained parameters"],
        [
            [r["layer"], r["parameters_of"], r["output"], str(r["layers"]), f"{r['parameters']:,}"]
            for r in rows
        ],
    )
