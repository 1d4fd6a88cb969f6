"""Steps that are captured once and replayed, tested without a GPU.

Instead of a CUDA graph, the captured work is done again. That gives a GPU's result only if the work
does not depend on the host: `Again` compares every operation with those of its first time.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from slow import some
from small import config, device_dataset, new_state, run
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from fruitlab.config.run_config import RunConfig
from fruitlab.methods.mixed import Mixed
from fruitlab.models.kernels import execution
from fruitlab.training.loop import train
from fruitlab.training.state import State
from fruitlab.training.steps import Direct, capture_on

# 36 training pictures, 18 of the frozen phase: batches of 7 or 8, and of 6.
SIZES = {"batch_size": 8, "augment_until": 0.5, "iterations": 12}
QUICK = {"preset": "quick", "width": 0.25, "live_every": 5, "live_pictures": 9} | SIZES
EXACT = QUICK | {"nesterov": False, "norm_rise": 0}
RUNS = {
    "the paper's": ("mixed", SIZES | {"norm_rise": 0, "plateau": 3}),
    "quick": ("mixed", EXACT),
    "updated statistics": ("iterative", EXACT | {"running_statistics": "updated"}),
    "frozen statistics": ("iterative", EXACT | {"running_statistics": "frozen"}),
}


class Tape(TorchDispatchMode):
    """Every operation with its numbers, and where the tensors lie that it did not make itself."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, list[Any], list[int]]] = []
        self.made: set[int] = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        leaves = tree_leaves((args, kwargs or {}))
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        known = [tensor.data_ptr() for tensor in tensors if self._place(tensor) not in self.made]
        numbers = [leaf for leaf in leaves if isinstance(leaf, bool | int | float)]
        result = function(*args, **(kwargs or {}))
        fresh = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        given = {self._place(tensor) for tensor in tensors}
        self.made |= {self._place(tensor) for tensor in fresh} - given
        self.calls.append((str(function), numbers, known))
        return result

    @staticmethod
    def _place(tensor: torch.Tensor) -> int:
        return tensor.untyped_storage().data_ptr()


class Again(Direct):
    """Does captured work again, and checks that it is the same work."""

    def __init__(self) -> None:
        self.captured = self.replayed = 0

    def capture(self, work: Callable[[], None]) -> Callable[[], None]:
        self.captured += 1
        first: list[Any] = []

        def replay() -> None:
            tape = Tape()
            with tape:
                work()
            self.replayed += 1
            first[:] = first or tape.calls
            assert tape.calls == first, "the captured work depends on the host"

        return replay


@pytest.fixture(autouse=True)
def one_thread():
    """Work in other threads is not seen."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def plain_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU runs the network's own modules."""
    monkeypatch.setattr(execution, "fused_execution", lambda: None)


@pytest.fixture(scope="module")
def data():
    return device_dataset()


def tensors(state: State) -> dict[str, torch.Tensor]:
    groups = (state.network.state_dict(), state.velocity, state.counters)
    return {f"{i}.{name}": x for i, group in enumerate(groups) for name, x in group.items()}


def assert_same_bits(one: State, other: State) -> None:
    for name, tensor in tensors(other).items():
        assert torch.equal(tensors(one)[name], tensor), name


def trained(cfg: RunConfig, data, capture) -> State:
    state = new_state(cfg, data)
    for _ in train(cfg, data, state, capture=lambda device: capture):
        pass
    return state


@pytest.mark.parametrize("name", some(RUNS, fast=("quick",)))
def test_replayed_steps_are_those_of_the_plain_loop(data, name):
    method, changes = RUNS[name]
    cfg = config(method, network="paper", **changes)
    again = Again()
    state = trained(cfg, data, again)
    assert again.replayed >= 6 and again.captured < again.replayed
    plain, _ = run(cfg, data)
    assert_same_bits(state, plain)
    for number in ("iteration", "clock", "pictures", "momentum", "decay", "epoch_pictures"):
        assert getattr(state, number) == getattr(plain, number), number


def test_rates_on_the_device_change_no_more_than_rounding(data):
    """Nesterov's momentum and a rising norm_momentum are rounded in other places."""
    rising = {"nesterov": True, "norm_rise": 5, "iterations": 3}
    cfg = config(network="paper", **SIZES | rising)
    again = Again()
    state, (plain, _) = trained(cfg, data, again), run(cfg, data)
    assert again.replayed == 1
    one, other = (
        torch.cat([x.double().flatten() for x in each.network.state_dict().values()])
        for each in (state, plain)
    )
    assert 0 < (one - other).norm() < 1e-6 * other.norm()


def test_every_kind_of_step_is_captured_once(data):
    """Kinds differ in the batch's size, its augmentation and the size of its pictures."""
    cfg = config(network="paper", width=0.25, turn=9.0, **SIZES | {"iterations": 48})
    for half_size, kinds in ((0, 4), (25, 6)):
        again = Again()
        trained(cfg.model_copy(update={"half_size": half_size}), data, again)
        assert (again.captured, again.replayed) == (kinds, 48 - kinds)


@pytest.mark.parametrize(
    "stop", [5, pytest.param(1, marks=pytest.mark.slow), pytest.param(8, marks=pytest.mark.slow)]
)
def test_a_run_resumes_with_the_same_bits(data, stop):
    """Before, between and after the first replays."""
    cfg = config(**QUICK)
    whole, half = trained(cfg, data, Direct()), new_state(cfg, data)
    for _ in train(cfg, data, half, capture=lambda device: Direct()):
        if half.iteration == stop:
            break
    resumed = new_state(cfg, data)
    resumed.load(*half.save())
    for _ in train(cfg, data, resumed, capture=lambda device: Direct()):
        pass
    assert_same_bits(resumed, whole)


class Failing(Direct):
    """Cannot capture: as `torch.cuda.graph`, it fails once more when it stops capturing."""

    def capture(self, work: Callable[[], None]) -> Callable[[], None]:
        try:
            raise RuntimeError("operation not permitted when stream is capturing\nmore")
        finally:
            raise RuntimeError("the capture was invalidated")


def test_a_step_that_cannot_be_captured_is_taken_from_python(data):
    cfg = config(**SIZES)
    state = trained(cfg, data, Failing())
    assert state.not_captured == "operation not permitted when stream is capturing"
    direct = trained(cfg, data, Direct())
    assert direct.not_captured is None
    assert_same_bits(state, direct)


def test_work_that_depends_on_the_host_is_noticed(data):
    calls = []

    class Counting(Mixed):
        def phases(self):
            def extra(network, batch, logits, memory):
                calls.append(1)
                return logits.mean() * len(calls)

            return [replace(phase, extra_loss=extra) for phase in super().phases()]

    cfg = Counting(**config(**SIZES).model_dump())
    with pytest.raises(AssertionError, match="depends on the host"):
        trained(cfg, data, Again())


def test_no_memory_is_read_before_it_is_written():
    """`devices.repeatable` switches off the filling of new memory: with NaN, it would show."""
    data = device_dataset(10)
    cfg = config(**QUICK | {"batch_size": 9, "iterations": 3})
    plain = trained(cfg, data, Direct())
    fills = torch.utils.deterministic.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = True
    try:
        assert torch.empty(3).isnan().all()
        filled = trained(cfg, data, Direct())
    finally:
        torch.utils.deterministic.fill_uninitialized_memory = fills
        torch.use_deterministic_algorithms(False)
    assert_same_bits(filled, plain)


def test_cpu_is_not_captured():
    assert capture_on(torch.device("cpu")) is None
