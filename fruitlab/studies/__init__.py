"""Many runs as one: plans, the engine, progress, ablations, and the checks of the paper."""
