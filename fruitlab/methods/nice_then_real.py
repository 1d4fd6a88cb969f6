"""What the methods share that train on all nice pictures first, and then on all real ones."""

from typing import TYPE_CHECKING, Any, Literal

from fruitlab.config.settings import setting
from fruitlab.methods.base import Method
from fruitlab.methods.phase import Phase, Pool

if TYPE_CHECKING:
    from fruitlab.methods.phase import EndAction

NICE = Pool(nice=1.0)
REAL = Pool(real=1.0)
Statistics = Literal["updated", "frozen"]


def statistics_setting() -> Any:
    """The setting `running_statistics` of methods that can freeze them in the second phase."""
    return setting(
        "updated",
        "Whether the running statistics of all layers are updated in training on real pictures, or"
        " stay as the nice pictures left them.",
    )


def kept_setting(at_least: int) -> Any:
    """The setting `kept` of methods that train on some nice pictures in the second phase."""
    return setting(
        12,
        "Nice pictures of each category that are kept.",
        title="Nice pictures kept per category",
        ge=at_least,
        le=100,
    )


def share_setting() -> Any:
    """The setting `share` of methods that show these pictures beside the real ones."""
    return setting(
        20,
        "Percentage of each batch that comes from the kept pictures.",
        title="Share of kept pictures in a batch",
        unit="%",
        ge=1,
        le=90,
    )


class NiceThenReal(Method):
    """Base class: the first phase is the same for all these methods, the second is their own."""

    split: int = setting(
        20,
        "Percentage of the iterations on nice pictures, before the real ones.",
        unit="%",
        ge=1,
        le=99,
        title="Share of iterations on nice pictures first",
    )

    def first_phase_key(self) -> str | None:
        """All these methods share their first phase, whatever they do after it."""
        if len(self.phases()) < 2:
            return None
        return self.experiment(without={"method", *self.own_settings()} - {"split"})

    @property
    def first_iterations(self) -> int:
        """Iterations of the first phase; the others have at least one."""
        first = max(1, round(self.iterations * self.split / 100))
        return min(first, max(1, self.iterations - 1))

    def nice(self, at_end: "EndAction | None" = None) -> Phase:
        """The first phase: all layers, on all nice pictures."""
        first = self.first_iterations
        return Phase(name="nice", pools=(NICE,), iterations=first, horizon=first, at_end=at_end)

    def real(self, **changes: Any) -> Phase:
        """The second phase: by default all layers, on all real pictures."""
        rest = self.iterations - self.first_iterations
        frozen = getattr(self, "running_statistics", "updated") == "frozen"
        values: dict[str, Any] = {
            "name": "real",
            "pools": (REAL,),
            "iterations": rest,
            "horizon": rest,
            "running_statistics": "all-frozen" if frozen else "updated",
        }
        return Phase(**values | changes)
