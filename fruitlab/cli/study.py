"""`python -m fruitlab study`: which study, what it will cost, and who runs it: processes here, or a Ray cluster."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from fruitlab.cli import report
from fruitlab.cli.options import Outcome, Say, WrongUse, pairs, settings
from fruitlab.config.errors import ConfigError, RunError
from fruitlab.data import store
from fruitlab.data.domains import TwoDomains
from fruitlab.methods.registry import configure
from fruitlab.runs import queue
from fruitlab.runs.index import Entry, Index
from fruitlab.studies import ablations, plans, progress
from fruitlab.studies.engine import Engine
from fruitlab.studies.progress import Progress


def study(options: Namespace, say: Say) -> Outcome:
    plan = _study(options)
    _check(options)
    at_once = _at_once(options)
    data = store.load(plan.data, say=say, progress=report.progress_bar(say))
    counts = [len(domain.labels) for domain in (data.nice, data.real)]
    entries = Index().entries()
    before = progress.study_progress(plan, entries, data.fingerprint)
    said = {
        "study": plan.name,
        "data": data.name,
        "runs": len(before.configs),
        "most": plan.most,
        "finished": len(before.finished),
        "cost": _cost(before, counts, entries),
        "at_once": at_once,
    }
    say(report.study_plan(said))
    if options.dry_run:
        return 0, said, report.study_runs(before)
    engine = _engine(plan, data, options, at_once, say)
    after = engine.run()
    result = said | {
        "finished": len(after.finished),
        "failed": {str(number): why for number, why in enumerate(engine.failed.values())},
        "rows": report.study_rows(after),
    }
    return (1 if engine.failed else 0), result, report.study_runs(after)


def _cost(before: Progress, counts: list[int], entries: list[Entry]) -> dict[str, Any]:
    estimate = progress.estimate(before.missing, *counts, entries)
    return {
        "runs": len(before.missing),
        "pictures": estimate.pictures,
        "seconds": estimate.seconds,
        "measured": estimate.measured,
        "basis": estimate.basis,
    }


def _at_once(options: Namespace) -> int:
    """Runs side by side; 1 on a cluster, where as many train as there is room for, which nobody knows yet. Raises WrongUse for a number that cannot be."""
    if options.ray is not None:
        return 1
    try:
        return queue.side_by_side(options.device, options.at_once)
    except RunError as error:
        if options.at_once is None:  # of FRUITLAB_SLOTS
            raise
        raise WrongUse(str(error)) from None


def _check(options: Namespace) -> None:
    """Before anything is read or drawn. Raises WrongUse, and RunError for what can be no device."""
    queue.check_device(options.device)
    if options.ray is None:
        if options.ray_storage or options.ray_cpus != 1 or options.ray_gpus is not None:
            raise WrongUse("--ray-storage, --ray-cpus and --ray-gpus go with --ray.")
        return
    if options.device != "auto":
        raise WrongUse(
            "With --ray, runs are on a GPU or not as --ray-gpus says; leave --device out."
        )
    if options.at_once is not None:
        raise WrongUse(
            "With --ray, as many runs train at once as the cluster has room for, by --ray-cpus and --ray-gpus; leave --at-once out."
        )
    if options.ray_cpus < 1:
        raise WrongUse(f"--ray-cpus is {options.ray_cpus}: give 1 or more.")
    if options.ray_gpus is not None and not (
        0 <= options.ray_gpus <= 1 or options.ray_gpus.is_integer() and options.ray_gpus > 1
    ):
        raise WrongUse(
            f"--ray-gpus is {options.ray_gpus:g}: give a part of one, from 0 to 1, or a whole number."
        )


def _engine(
    plan: plans.Study, data: TwoDomains, options: Namespace, at_once: int, say: Say
) -> Engine:
    """Raises RunError where Ray is asked for and not installed."""
    if options.ray is None:
        return Engine(plan, data.fingerprint, options.device, say, at_once)
    try:
        from fruitlab.studies.ray_engine import RayEngine
    except ImportError as error:
        raise RunError(
            f"--ray needs Ray, which is not installed here ({error}): pip install -r requirements-ray.txt"
        ) from None
    return RayEngine(
        plan,
        data.fingerprint,
        "auto",
        say,
        data=data,
        address=options.ray,
        cpus=options.ray_cpus,
        gpus=options.ray_gpus,
        storage=Path(options.ray_storage) if options.ray_storage else None,
    )


def _study(options: Namespace) -> plans.Study:
    """Raises ConfigError or WrongUse for what makes no study."""
    changes = settings(options.set) | (
        {"iterations": options.iterations} if options.iterations else {}
    )
    if options.seeds < 1:
        raise ConfigError(f"--seeds is {options.seeds}: give how many seeds, 1 or more.")
    if options.kind in ("tuning", *ablations.SETS) and (options.seeds != 1 or options.preset):
        raise WrongUse(
            f"study {options.kind} has the paper's preset and one seed; leave --preset and --seeds out."
        )
    if options.running_statistics and options.kind != "paper":
        raise WrongUse("--running-statistics goes with study paper.")
    preset = options.preset or "quick"
    common = {"preset": preset, "seeds": options.seeds} | changes
    if options.kind == "paper":
        return plans.paper(options.data, running_statistics=options.running_statistics, **common)
    if options.kind == "ratio":
        return plans.ratio(options.data, **common)
    if options.kind in ablations.SETS:
        return ablations.SETS[options.kind].plan(options.data, **changes)
    if options.kind == "tuning":
        return plans.tuning(options.data, sets=options.sets, **changes)
    varied = {
        name: values.split(",")
        for name, values in pairs(options.vary, "--vary", "NAME=A,B,C").items()
    }
    if not varied:
        raise WrongUse(
            "Say which study: paper, ratio, tuning, ablations, switch or length, or vary something: --vary ratio=20,40,60."
        )
    return plans.vary(
        configure(options.method, preset=preset, data=options.data, **changes),
        varied,
        seeds=options.seeds,
    )
