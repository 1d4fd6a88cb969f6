"""Keeps freed memory in the process instead of handing it back to the system and faulting it in again, page by page."""

import ctypes


def keep_memory() -> None:
    """Raises glibc's limits for mmap and trimming; does nothing where there is no glibc."""
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
    mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD
