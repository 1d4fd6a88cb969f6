"""`fruitlab study`: which study, what it costs, and where it runs: on this machine, or with Ray."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from fruitlab.cli import study_report
from fruitlab.cli.options import Outcome, WrongUse, pairs, settings
from fruitlab.cli.output import Output
from fruitlab.cli.study_options import KIND, PAPER_PRESET
from fruitlab.config.errors import ConfigError, RunError
from fruitlab.data import store
from fruitlab.data.domains import TwoDomains
from fruitlab.methods.registry import configure
from fruitlab.runs import queue
from fruitlab.runs.entry import Entry
from fruitlab.runs.index import Index
from fruitlab.studies import ablations, forgetting, memory, plans, progress
from fruitlab.studies.engine import Engine
from fruitlab.studies.progress import Progress
from fruitlab.studies.ray_start import ray_engine


def study(options: Namespace, output: Output) -> Outcome:
    """`study`: train what is missing of a study, or only print the plan."""
    plan = plan_of(options)
    _check(options)
    at_once = _at_once(options)
    data = store.load(plan.data, say=output.say, progress=output.progress)
    nice, real = len(data.nice.labels), len(data.real.labels)
    entries = Index().entries()
    before = progress.study_progress(plan, entries, data.fingerprint)
    summary = {
        "study": plan.name,
        "data": data.name,
        "runs": len(before.configs),
        "most": plan.most,
        "finished": len(before.finished),
        "cost": _cost(before, nice, real, entries),
        "at_once": at_once,
    }
    output.say(study_report.plan(summary))
    report = study_report.forgetting if plan.name == "forgetting" else study_report.runs
    if options.dry_run:
        return 0, summary, report(before)
    engine = _engine(plan, data, options, at_once, output)
    after = engine.run()
    result = summary | {
        "finished": len(after.finished),
        "failed": {str(number): why for number, why in enumerate(engine.failed.values())},
        "rows": study_report.rows(after),
    }
    if plan.name == "forgetting":
        result["verdicts"] = study_report.verdicts(after)
    return (1 if engine.failed else 0), result, report(after)


def _cost(before: Progress, nice: int, real: int, entries: list[Entry]) -> dict[str, Any]:
    estimate = progress.estimate(before.missing, nice, real, entries)
    return {
        "runs": len(before.missing),
        "pictures": estimate.pictures,
        "seconds": estimate.seconds,
        "measured": estimate.measured,
        "basis": estimate.basis,
    }


def _at_once(options: Namespace) -> int:
    """Runs to train at once; 1 with Ray, where the cluster decides. Raises WrongUse, RunError."""
    if options.ray is not None:
        return 1
    try:
        return queue.concurrent_runs(options.device, options.at_once)
    except RunError as error:
        if options.at_once is None:  # It is FRUITLAB_SLOTS that is wrong.
            raise
        raise WrongUse(str(error)) from None


def _check(options: Namespace) -> None:
    """Raises WrongUse for contradictory options, and RunError for an unknown device."""
    queue.check_device(options.device)
    if options.ray is None:
        if options.ray_storage or options.ray_cpus != 1 or options.ray_gpus is not None:
            raise WrongUse("--ray-storage, --ray-cpus and --ray-gpus go with --ray.")
        return
    if options.device != "auto":
        raise WrongUse("With --ray, --ray-gpus decides the device; leave --device out.")
    if options.at_once is not None:
        raise WrongUse(
            "With --ray, --ray-cpus and --ray-gpus decide how many runs train at once; leave "
            "--at-once out."
        )
    if options.ray_cpus < 1:
        raise WrongUse(f"--ray-cpus is {options.ray_cpus}: give 1 or more.")
    gpus = options.ray_gpus
    if gpus is not None and not (0 <= gpus <= 1 or (gpus > 1 and gpus.is_integer())):
        raise WrongUse(
            f"--ray-gpus is {gpus:g}: give a fraction of a GPU, from 0 to 1, or a whole number."
        )


def _engine(
    plan: plans.Study, data: TwoDomains, options: Namespace, at_once: int, output: Output
) -> Engine:
    """Raises RunError if Ray is asked for and not installed."""
    if options.ray is None:
        return Engine(plan, data.fingerprint, options.device, output.say, at_once)
    return ray_engine(
        plan,
        data,
        options.ray,
        say=output.say,
        cpus=options.ray_cpus,
        gpus=options.ray_gpus,
        storage=Path(options.ray_storage) if options.ray_storage else None,
    )


def plan_of(options: Namespace) -> plans.Study:
    """The study that the options describe.

    Raises:
        ConfigError: a setting is wrong. WrongUse: the options make no study.
    """
    changes = settings(options.set)
    if options.iterations:
        changes |= {"iterations": options.iterations}
    if options.seeds < 1:
        raise ConfigError(f"--seeds is {options.seeds}: give the number of seeds, 1 or more.")
    if options.kind in PAPER_PRESET and (options.seeds != 1 or options.preset):
        raise WrongUse(
            f"study {options.kind} always uses the paper's preset and one seed; leave --preset and "
            "--seeds out."
        )
    if options.running_statistics and options.kind != "paper":
        raise WrongUse("--running-statistics goes with study paper.")
    thorough = options.kind in ("forgetting", "memory", "distilled")
    preset = options.preset or (forgetting.PRESET if thorough else "quick")
    common = {"preset": preset, "seeds": options.seeds} | changes
    if options.kind == "paper":
        return plans.paper(options.data, running_statistics=options.running_statistics, **common)
    if options.kind == "ratio":
        return plans.ratio(options.data, **common)
    if options.kind == "forgetting":
        return forgetting.plan(options.data, **common)
    if options.kind == "memory":
        return memory.plan(options.data, **common)
    if options.kind == "distilled":
        return plans.distilled(options.data, **common)
    if options.kind in ablations.SETS:
        return ablations.SETS[options.kind].plan(options.data, **changes)
    if options.kind == "tuning":
        return plans.tuning(options.data, sets=options.sets, **changes)
    varied = pairs(options.vary, "--vary", "NAME=A,B,C")
    if not varied:
        raise WrongUse(
            f"Name a study ({', '.join(KIND['choices'])}), or vary a setting: --vary "
            "ratio=20,40,60."
        )
    base = configure(options.method, preset=preset, data=options.data, **changes)
    values = {name: text.split(",") for name, text in varied.items()}
    return plans.vary(base, values, seeds=options.seeds)
