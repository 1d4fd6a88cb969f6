"""The callbacks through which long-running functions report to their callers.

Functions take them as keyword arguments named `say` and `progress`. What becomes of a report is up
to the caller: the command line shows it in a terminal, a background job writes it to a file, a
worker writes it to the run's folder.
"""

from collections.abc import Callable

Say = Callable[[str], None]
"""Takes a message for the user: complete sentences, without a line break at the end."""

Progress = Callable[[str, int, int], None]
"""Takes (step, done, total): what is being done, and how many items of how many are done.

Items are pictures or files, in downloads bytes. `total` is 0 while it is unknown.
"""
