"""The errors that FruitLab raises on purpose.

Each message says what is wrong and what to do about it.
"""


class ConfigError(ValueError):
    """A setting with an unknown name or an invalid value. The message names the valid ones."""


class DataError(ValueError):
    """Pictures, folders or archives that cannot be used. The message names file and reason."""


class RunError(Exception):
    """A run that cannot be created, read or trained. The message says what to do."""


class Busy(RunError):
    """Another process is working on the run."""
