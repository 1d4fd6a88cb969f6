"""The parts of the GPU benchmark, which `benchmarks/gpu.sh` runs in order (docs/gpu.md)."""
