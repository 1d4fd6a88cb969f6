"""How a training process uses memory and threads: settings that change no result."""

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # options of glibc's mallopt

SPINS = "1000"  # of a thread that waits, before it sleeps


def prepare() -> None:
    """Set up the process. Call before torch is first imported.

    Freed memory stays in the process instead of being returned to the system and faulted in again
    page by page: a convolution of 256 pictures of 8 x 100 x 100 takes 18 ms instead of 46 (2 cores,
    AMD EPYC). Threads that wait for each other soon sleep instead of spinning: beside other
    programs on the same cores a training step is then 13 times faster (78 and 100 pictures per
    second instead of 6.2 and 7.6, measured alternately at a load of 12). Before that they spin for
    some microseconds, as an operation is often over by then (docs/performance.md, "Threads").

    Respects an OMP_WAIT_POLICY and a GOMP_SPINCOUNT that are already set. What concerns memory
    does nothing without glibc.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(M_MMAP_THRESHOLD, 1 << 30)
    mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)
