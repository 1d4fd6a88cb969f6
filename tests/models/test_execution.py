"""The fused execution of the paper's network, compared with its plain modules."""

import copy

import pytest
import torch
from slow import some
from torch import Tensor
from torch.nn import functional as F

from fruitlab.models.kernels import fused
from fruitlab.models.kernels.execution import Execution, accelerate, fused_execution
from fruitlab.models.model import to_float
from fruitlab.models.paper_resnet import PaperResNet

MODES = ("training", "frozen backbone", "evaluation")


def network(statistics: str, *, width: float = 0.25) -> PaperResNet:
    """A network with random biases and running statistics."""
    torch.manual_seed(3)
    made = PaperResNet(categories=5, width=width, statistics=statistics, init="fan-in")
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.dim() == 1:
                parameter.normal_(0, 0.2)
    for norm in made.running_statistics(*made.layer_groups()):
        norm.mean.normal_(0.1, 0.3)
        norm.variance.uniform_(0.3, 2.0)
        norm.momentum = 0.7
    return made.to(memory_format=torch.channels_last)


def pictures(batch: int, side: int = 100) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    shape = (batch, side, side, 3)
    return to_float(torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator))


def results(run: Execution, x: Tensor, mode: str) -> dict[str, Tensor]:
    """Features, logits, all gradients, and the running statistics after the pass."""
    model = run.network.train(mode != "evaluation")
    if mode == "frozen backbone":
        for module in model.running_statistics(*model.backbone):
            module.eval()
    x = x.clone().requires_grad_()
    features = run.features(x)
    logits = run.head(features)
    F.cross_entropy(logits, torch.arange(len(x)) % 5).backward()
    gradients = {f"gradient of {name}": p.grad for name, p in model.named_parameters()}
    named = {"features": features.detach(), "logits": logits.detach(), "gradient of x": x.grad}
    return named | gradients | dict(model.named_buffers())


@pytest.mark.parametrize("batch", some((1, 3, 8), fast=(3,)))
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("statistics", ["moving", "before", "batch"])
def test_fused_matches_plain_in_float64(statistics: str, mode: str, batch: int) -> None:
    made, x = network(statistics).double(), pictures(batch).double()
    plain = results(Execution(copy.deepcopy(made)), x, mode)
    fused = results(accelerate(made), x, mode)
    for name, value in plain.items():
        scale = max(1, value.abs().max().item())
        assert (fused[name] - value).abs().max().item() <= 1e-10 * scale, name


def test_fused_matches_plain_on_pictures_of_half_the_side() -> None:
    made, x = network("batch", width=1).double(), pictures(3, side=50).double()
    plain = results(Execution(copy.deepcopy(made)), x, "training")
    fused = results(accelerate(made), x, "training")
    assert fused["features"].shape == (3, 6 * 6 * 32)
    for name, value in plain.items():
        scale = max(1, value.abs().max().item())
        assert (fused[name] - value).abs().max().item() <= 1e-10 * scale, name


def error(got: Tensor, exact: Tensor) -> float:
    """The distance, relative to the norm of the exact values, without the largest thousandth.

    Where two numbers in a pool are almost equal, rounding decides which one gets the gradient.
    """
    gap = (got - exact).flatten().abs().double()
    kept = gap.sort().values[: len(gap) - len(gap) // 1000]
    return kept.norm().item() / (exact.norm().item() or 1.0)


# The head's batch statistics of two or three pictures are ill-conditioned in float32.
@pytest.mark.parametrize("batch", some((7, 12), fast=(7,)))
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("statistics", ["moving", "before", "batch"])
def test_fused_is_as_accurate_as_plain_in_float32(statistics: str, mode: str, batch: int) -> None:
    """The fused execution's distance from float64 is similar to the plain one's."""
    made, x = network(statistics), pictures(batch)
    exact = results(Execution(copy.deepcopy(made).double()), x.double(), mode)
    plain = results(Execution(copy.deepcopy(made)), x, mode)
    fused = results(accelerate(made), x, mode)
    for name, value in exact.items():
        assert error(fused[name], value) <= 5 * error(plain[name], value) + 2e-5, name


@pytest.mark.parametrize("batch", some((8, 12), fast=(8,)))
@pytest.mark.parametrize("statistics", ["moving", "batch"])
def test_fused_is_as_accurate_as_plain_at_full_width(statistics: str, batch: int) -> None:
    made, x = network(statistics, width=1), pictures(batch)
    exact = results(Execution(copy.deepcopy(made).double()), x.double(), "training")
    plain = results(Execution(copy.deepcopy(made)), x, "training")
    fused = results(accelerate(made), x, "training")
    for name, value in exact.items():
        assert error(fused[name], value) <= 5 * error(plain[name], value) + 2e-5, name


@pytest.mark.parametrize("side", some((100, 50), fast=(50,)))
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("statistics", ["moving", "batch"])
def test_fused_is_as_accurate_as_autocast_in_bfloat16(
    statistics: str, mode: str, side: int
) -> None:
    made, x = network(statistics, width=1), pictures(16, side)
    exact = results(Execution(copy.deepcopy(made).double()), x.double(), mode)
    plain = results(Execution(copy.deepcopy(made), torch.bfloat16), x, mode)
    run = accelerate(made, torch.bfloat16)
    assert run.title == "fused kernels"
    fused = results(run, x, mode)
    for name, value in exact.items():
        assert fused[name].dtype == torch.float32
        # Running statistics: the plain network takes the first ones before it rounds the pictures.
        allowed = 2.5 * error(plain[name], value) + 0.01
        assert error(fused[name], value) <= allowed, name


def test_which_networks_are_accelerated() -> None:
    class Changed(PaperResNet):
        """A subclass may override anything, so it is executed as written."""

    made = PaperResNet(3)
    assert accelerate(made).title == accelerate(made.double()).title == "fused kernels"
    for other in (Changed(3), PaperResNet(3).to("meta"), PaperResNet(3).bfloat16()):
        assert accelerate(other).title == "plain network"
    assert accelerate(made, torch.bfloat16).title == "plain network"  # it is in float64 now
    assert accelerate(made.float(), torch.bfloat16).title == "fused kernels"
    assert accelerate(made, torch.float16).title == "plain network"


def test_a_machine_that_cannot_compile_runs_the_plain_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*dtypes: torch.dtype) -> None:
        raise OSError("no code generator for this CPU")

    monkeypatch.setattr(fused, "prepare", fails)
    fused_execution.cache_clear()
    try:
        with pytest.warns(UserWarning, match="no code generator for this CPU"):
            assert accelerate(PaperResNet(3)).title == "plain network"
    finally:
        fused_execution.cache_clear()


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("threads", [1, 3])
def test_equal_input_and_thread_count_give_equal_bits(
    threads: int, precision: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fruitlab.models.kernels.threads.LEAST", 1)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        first, second = (
            results(accelerate(network("batch", width=1), precision), pictures(8), "training")
            for _ in range(2)
        )
    finally:
        torch.set_num_threads(before)
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


@pytest.mark.parametrize("mode", MODES)
def test_a_network_in_float64_computes_in_it_whatever_its_input_is(mode: str) -> None:
    made, x = network("moving").double(), pictures(3)
    fused = results(accelerate(made), x, mode)
    assert fused["features"].dtype == torch.float64
    for name, value in results(
        Execution(copy.deepcopy(network("moving").double())), x, mode
    ).items():
        torch.testing.assert_close(fused[name].double(), value.double(), rtol=1e-6, atol=1e-7)


def test_an_empty_batch_has_empty_results() -> None:
    made = network("moving", width=1).eval()
    for precision in (torch.float32, torch.bfloat16):
        with torch.inference_mode():
            assert accelerate(made, precision)(pictures(3)[:0]).shape == (0, 5)


def test_plain_execution_computes_the_backbone_in_the_given_precision() -> None:
    made, x = network("batch"), pictures(3)
    rough = results(Execution(copy.deepcopy(made), torch.bfloat16), x, "training")
    exact = results(Execution(made), x, "training")
    assert {value.dtype for value in rough.values()} == {torch.float32}
    assert not torch.equal(rough["features"], exact["features"])
    for name in ("features", "logits"):
        torch.testing.assert_close(rough[name], exact[name], rtol=0.1, atol=0.1)
