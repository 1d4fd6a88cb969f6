"""Iterative training (paper 4.4.2, 5.1): all layers on nice pictures, then the last two layers on real ones.

The pictures are those of the 50 % mixed set: half of each domain's training set. Initial training's one-cycle is laid
over the *whole* run, so that its iterations are the same whatever the split: nine splits can share one initial training.
"""

from fruitlab.config.run_config import RunConfig
from fruitlab.methods.phase import Phase


def phases(config: RunConfig) -> list[Phase]:
    # Both phases have an iteration at least, however short the run.
    initial = min(
        max(1, round(config.iterations * config.split / 100)), max(1, config.iterations - 1)
    )
    restricted = config.iterations - initial
    frozen, fresh = config.norms == "frozen", config.restart_clock
    return [
        Phase(name="initial", nice=0.5, real=0.0, iterations=initial, horizon=config.iterations),
        Phase(
            name="restricted",
            nice=0.0,
            real=0.5,
            iterations=restricted,
            horizon=restricted if fresh else config.iterations,
            trains="head",
            fresh_clock=fresh,
            norms=config.norms,
            inputs="features" if frozen else "pictures",
        ),
    ]
