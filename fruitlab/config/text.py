"""Numbers as text, the same everywhere: percentages and durations."""


def percent(value: float | None) -> str:
    """A fraction of one with one decimal, "95.3%"; a dash where there is none."""
    return "—" if value is None or value != value else f"{value:.1%}"


def duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )
