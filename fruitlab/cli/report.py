"""Results of single commands as text for the terminal."""

from typing import Any

from fruitlab.cli.tables import table
from fruitlab.config.run_config import RunConfig
from fruitlab.config.text import percent, whole_percent
from fruitlab.data.domains import Split, TwoDomains
from fruitlab.methods.base import Method
from fruitlab.methods.phase import labels, pool_size
from fruitlab.metrics import accuracy
from fruitlab.models.registry import networks
from fruitlab.runs.captions import method_caption


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
    """What a run trains on, phase by phase, in pictures: fractions are of sets of unequal size."""
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
        plural = "s" if phase.iterations != 1 else ""
        parts.append(f"{label}: {layers} on {pictures}, {phase.iterations:,} iteration{plural}")
    network = networks().get(config.network)
    title = network.title if network else config.network
    return f"{method_caption(config)} on {data.name}, network: {title}. " + ". ".join(parts)


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
    part = f"{result.get('scored_on', 'test')} set"
    text = table([part, "pictures", "top-1", "95% interval", "top-3", "95% interval"], rows)
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


def between(result: dict[str, Any]) -> str:
    """The accuracies between two runs, and where they are kept."""
    rows = []
    for point in result["points"]:
        nice, real = (point[name][1] / point[name][0] for name in ("nice", "real"))
        scores = (percent(value) for value in (nice, real, accuracy.combined(nice, real)))
        rows.append([f"{point['alpha']:.2f}", *scores])
    head = f"From {result['runs'][0]} (0) to {result['runs'][1]} (1): {result['file']}"
    return f"{head}\n\n{table(['alpha', 'nice', 'real', 'combined'], rows)}"


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
