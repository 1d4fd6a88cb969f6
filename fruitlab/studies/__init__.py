"""Many runs as one: plans, the engine that trains them, progress, ablations and the paper's checks."""
