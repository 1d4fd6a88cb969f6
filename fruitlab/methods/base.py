"""Method: the base class of all training methods."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import model_validator

from fruitlab.config.run_config import RunConfig
from fruitlab.config.settings import Setting, settings_of
from fruitlab.methods.phase import Phase

if TYPE_CHECKING:
    from fruitlab.methods.phase import Memory
    from fruitlab.models.model import Model


@dataclass(frozen=True)
class SoftTargets:
    """Probabilities to learn: `share` of a teacher's, the rest the label."""

    teacher: str
    share: float


class Method(RunConfig):
    """The configuration of a run of one training method.

    A subclass declares the method: class attributes for its name and texts, pydantic fields
    (`fruitlab.config.settings.setting`) for its own settings, and `phases` and `describe`. The
    Train form, the command line, links, studies, captions and comparisons follow from that.

    Attributes:
        name: short and lower case, as in `fruitlab train NAME`.
        title: name in menus.
        description: one sentence that says what the method does.
        rank: place in menus; the paper's own methods come first.
        headline: the setting that gets the slider and varies in a study; None if there is none.
        presets: changes to presets that the method needs, {preset: {setting: value}}. "quick@3"
            concerns one version, "quick" all of them.
        after_switch: settings without effect in the first phase. Runs that differ in these alone
            share their first phase bit for bit, so a study trains it once.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    rank: ClassVar[int] = 100
    headline: ClassVar[str | None] = None
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    after_switch: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _name_the_method(cls, values: Any) -> Any:
        return {"method": cls.name} | values if isinstance(values, dict) else values

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Let `phases` of every method respect `trained_layers`."""
        super().__pydantic_init_subclass__(**kwargs)
        declared = cls.__dict__.get("phases")
        if declared is None:
            return

        @wraps(declared)
        def phases(self: Method) -> list[Phase]:
            found: list[Phase] = declared(self)
            return (
                [phase.head_only() for phase in found] if self.trained_layers == "head" else found
            )

        cls.phases = phases  # type: ignore[method-assign]

    @abstractmethod
    def phases(self) -> list[Phase]:
        """The run's phases in order. Their iterations add up to `iterations`."""

    @abstractmethod
    def describe(self) -> str:
        """A few words that tell this run from others of its kind: "mixed, 60% real"."""

    def if_it_diverges(self) -> str:
        """What to start again with if the loss becomes infinite: "a learning rate lower than 1"."""
        return f"a learning rate lower than {self.learning_rate:g}"

    def soft_targets(self) -> SoftTargets | None:
        """What the network learns in place of the labels; None for the labels."""
        return None

    def start_run(self) -> str | None:
        """The id of the run whose weights it starts from; None for new or pretrained weights."""
        return None

    def answers(self, network: Model, memory: Memory) -> Model:
        """The network that answers pictures, made of the trained one and the run's memory.

        The same network for most methods. The weights file of a method that overrides this has the
        memory too. Called with an empty memory before the first end action.
        """
        return network

    @classmethod
    def own_settings(cls) -> dict[str, Setting]:
        """The settings that this method adds, by name."""
        return {
            name: found
            for name, found in settings_of(cls).items()
            if name not in RunConfig.model_fields
        }

    def first_phase_key(self) -> str | None:
        """What runs have in common that share their first phase; None with a single phase."""
        if len(self.phases()) < 2:
            return None
        return self.experiment(without=self.after_switch)
