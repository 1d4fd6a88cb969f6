"""The paper's network, compared with Table 1 and with plain numpy in float64."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from fruitlab.models.kernels.execution import Execution, accelerate
from fruitlab.models.layers import BIAS, RunningNorm, truncated_normal
from fruitlab.models.model import to_float
from fruitlab.models.paper_resnet import Convolution, Dense, PaperResNet

MOMENTUM = 0.7


def small(statistics: str = "moving", seed: int = 3) -> PaperResNet:
    """Width 0.25, three categories, random biases and running statistics."""
    torch.manual_seed(seed)
    network = PaperResNet(categories=3, width=0.25, statistics=statistics, init="fan-in")
    return randomize_statistics(network)


def randomize_statistics(network: PaperResNet) -> PaperResNet:
    """Give a network random biases and running statistics."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(0, 0.2)
    for norm in network.running_statistics(*network.layer_groups()):
        norm.mean.normal_(0.1, 0.3)
        norm.variance.uniform_(0.3, 2.0)
        norm.momentum = MOMENTUM
    return network


def pictures(batch: int, seed: int = 5) -> Tensor:
    return to_float(
        torch.randint(
            0,
            256,
            (batch, 100, 100, 3),
            dtype=torch.uint8,
            generator=torch.Generator().manual_seed(seed),
        )
    )


class Oracle:
    """The same network in numpy: explicit loops over kernel elements, float64, NHWC."""

    def __init__(self, network: PaperResNet, mode: str) -> None:
        self.p = {
            name: value.detach().double().numpy().copy()
            for name, value in network.state_dict().items()
        }
        self.mode, self.epsilon = mode, 1e-3  # testing, moving, before or batch

    def normalized(self, x: np.ndarray, name: str) -> np.ndarray:
        axes = tuple(range(x.ndim - 1))
        mean, variance = self.p[f"{name}.norm.mean"], self.p[f"{name}.norm.variance"]
        if self.mode != "testing":
            batch = x.mean(axes), x.var(axes)
            mean, variance = (
                MOMENTUM * old + (1 - MOMENTUM) * new
                for old, new in zip((mean, variance), batch, strict=True)
            )
            if self.mode == "before":
                before = self.p[f"{name}.norm.mean"], self.p[f"{name}.norm.variance"]
            self.p[f"{name}.norm.mean"], self.p[f"{name}.norm.variance"] = mean, variance
            if self.mode != "moving":
                mean, variance = batch if self.mode == "batch" else before
        return (x - mean) / np.sqrt(variance + self.epsilon)

    def correlate(self, x: np.ndarray, name: str, stride: int) -> np.ndarray:
        weight = self.p[f"{name}.weight"]
        size, kernel = x.shape[1], weight.shape[2]
        if stride == 1:
            before = after = kernel // 2
        else:
            before, after = 0, 1 - size % 2
        z = np.pad(self.normalized(x, name), ((0, 0), (before, after), (before, after), (0, 0)))
        out = (z.shape[1] - kernel) // stride + 1
        y = np.zeros((len(x), out, out, len(weight))) + self.p[f"{name}.bias"]
        for i in range(kernel):
            for j in range(kernel):
                rows = slice(i, i + stride * (out - 1) + 1, stride)
                columns = slice(j, j + stride * (out - 1) + 1, stride)
                y += np.einsum("bhwc,oc->bhwo", z[:, rows, columns], weight[:, :, i, j])
        return y

    def block(self, x: np.ndarray, name: str) -> np.ndarray:
        change = f"{name}.shortcut.weight" in self.p
        y = elu(self.correlate(x, f"{name}.first", 2 if change else 1))
        skip = x
        if change:
            skip = (
                np.einsum("bhwc,oc->bhwo", x[:, ::2, ::2], self.p[f"{name}.shortcut.weight"])
                + self.p[f"{name}.shortcut.bias"]
            )
            skip = skip[:, : y.shape[1], : y.shape[2]]
        return elu(self.correlate(y, f"{name}.second", 1) + skip)

    def dense(self, x: np.ndarray, name: str) -> np.ndarray:
        return self.normalized(x, name) @ self.p[f"{name}.weight"].T + self.p[f"{name}.bias"]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        x = elu(self.correlate(x, "stem", 1))
        x = x.reshape(len(x), 50, 2, 50, 2, -1).max((2, 4))
        for number in range(11):
            x = self.block(x, f"blocks.{number}")
        x = x.reshape(len(x), 6, 2, 6, 2, -1).mean((2, 4)).reshape(len(x), -1)
        return self.dense(np.tanh(self.dense(x, "hidden")), "output")


def elu(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


@pytest.mark.parametrize("execution", [Execution, accelerate])
@pytest.mark.parametrize("mode", ["testing", "moving", "before", "batch"])
def test_forward_matches_numpy(mode: str, execution) -> None:
    network = small("moving" if mode == "testing" else mode).train(mode != "testing")
    x, oracle = pictures(3), Oracle(network, mode)
    expected = oracle(x.permute(0, 2, 3, 1).double().numpy())
    got = execution(network)(x).detach().double().numpy()
    assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()
    for name, value in network.state_dict().items():  # and the statistics it leaves behind
        np.testing.assert_allclose(
            value.numpy(), oracle.p[name], rtol=2e-5, atol=1e-6, err_msg=name
        )


@pytest.mark.parametrize("execution", [Execution, accelerate])
@pytest.mark.parametrize("statistics", ["moving", "batch"])
@pytest.mark.slow
def test_gradients_match_finite_differences(statistics: str, execution) -> None:
    """In float64. Running statistics are constants; batch statistics have gradients."""
    network = small(statistics).double().train()
    x, labels = pictures(2).double(), torch.tensor([0, 2])
    before = copy.deepcopy(network.state_dict())
    run = execution(network)
    F.cross_entropy(run(x), labels).backward()
    if statistics == "batch":
        network.load_state_dict(before)
    else:
        network.eval()  # uses the running statistics that this batch has updated

    def loss() -> float:
        with torch.no_grad():
            return F.cross_entropy(run(x), labels).item()

    generator, step = torch.Generator().manual_seed(1), 1e-6
    for name, parameter in network.named_parameters():
        direction = torch.randn(parameter.shape, dtype=torch.float64, generator=generator)
        direction /= direction.norm()
        with torch.no_grad():
            parameter += step * direction
            above = loss()
            parameter -= 2 * step * direction
            below = loss()
            parameter += step * direction
        assert (parameter.grad * direction).sum().item() == pytest.approx(
            (above - below) / (2 * step), rel=1e-4, abs=1e-8
        ), name


def test_training_is_deterministic() -> None:
    torch.manual_seed(0)
    first = randomize_statistics(PaperResNet(categories=5)).train()
    second = copy.deepcopy(first)
    for network in (first, second):
        for batch in (33, 7):
            logits = accelerate(network)(pictures(batch))
            F.cross_entropy(logits, torch.arange(batch) % 5).backward()
    for (name, a), b in zip(first.named_parameters(), second.parameters(), strict=True):
        assert torch.equal(a.grad, b.grad), name
    assert all(torch.equal(a, b) for a, b in zip(first.buffers(), second.buffers(), strict=True))


def test_output_sizes_match_table_1() -> None:
    network, sizes = PaperResNet(categories=26).eval(), []
    with torch.no_grad():
        x = pictures(1)
        sizes.append(tuple(network.stem(x).shape[1:]))
        x = F.max_pool2d(network.stem(x), 2)
        sizes.append(tuple(x.shape[1:]))
        for block in network.blocks:
            x = block(x)
            sizes.append(tuple(x.shape[1:]))
        x = network.features(pictures(1))
        sizes.append(tuple(x.shape[1:]))
        sizes.append(tuple(network.hidden(x).shape[1:]))
        sizes.append(tuple(network(pictures(1)).shape[1:]))
    assert sizes == [
        (8, 100, 100),
        (8, 50, 50),
        *[(8, 50, 50)] * 3,
        (16, 25, 25),
        *[(16, 25, 25)] * 3,
        (32, 12, 12),
        *[(32, 12, 12)] * 3,
        (6 * 6 * 32,),
        (200,),
        (26,),
    ]


def test_has_25_layers() -> None:
    layers = [m for m in PaperResNet(categories=26).modules() if isinstance(m, Convolution | Dense)]
    assert [sum(isinstance(m, kind) for m in layers) for kind in (Convolution, Dense)] == [
        1 + 18 + 4,
        2,
    ]


def test_parameter_count() -> None:
    def convolution(inputs: int, outputs: int, kernel: int) -> int:
        return outputs * inputs * kernel * kernel + outputs

    stem = convolution(3, 8, 5)
    blocks = 3 * sum(2 * convolution(depth, depth, 3) for depth in (8, 16, 32))
    changes = sum(
        convolution(a, b, 3) + convolution(b, b, 3) + convolution(a, b, 1)
        for a, b in ((8, 16), (16, 32))
    )
    dense = (6 * 6 * 32 * 200 + 200) + (200 * 26 + 26)
    assert stem + blocks + changes + dense == 327_410
    assert sum(p.numel() for p in PaperResNet(categories=26).parameters()) == 327_410


def test_running_norm_updates_before_it_normalizes() -> None:
    norm = RunningNorm(2, statistics="moving", epsilon=0.0).train()
    norm.mean.copy_(torch.tensor([1.0, 2.0]))
    norm.variance.copy_(torch.tensor([4.0, 1.0]))
    norm.momentum = 0.75
    x = torch.tensor([[5.0, 0.0], [9.0, 4.0]], requires_grad=True)  # means 7, 2; variances 4, 4

    def normalized_by(mean: list[float], inverse_std: list[float]) -> Tensor:
        return (x.detach() - torch.tensor(mean)) * torch.tensor(inverse_std)

    y = norm(x)
    assert norm.mean.tolist() == [2.5, 2.0] and norm.variance.tolist() == [4.0, 1.75]
    torch.testing.assert_close(y.detach(), normalized_by([2.5, 2.0], [0.5, 1.75**-0.5]))
    (gradient,) = torch.autograd.grad(y[0].sum(), x)
    torch.testing.assert_close(gradient, torch.tensor([[0.5, 1.75**-0.5], [0, 0]]))  # constants

    norm.statistics = "batch"
    y = norm(x)
    torch.testing.assert_close(y.detach(), normalized_by([7.0, 2.0], [0.5, 0.5]))
    (gradient,) = torch.autograd.grad(y[0].sum(), x)
    assert gradient.abs().max() < 1e-6 and norm.mean.tolist() == [3.625, 2.0]
    norm.eval()
    variance = norm.variance.tolist()
    torch.testing.assert_close(
        norm(x).detach(), normalized_by([3.625, 2.0], [v**-0.5 for v in variance])
    )


@pytest.mark.parametrize(("init", "inputs"), [("in-depth", 40), ("fan-in", 40 * 9)])
def test_initial_weights(init: str, inputs: int) -> None:
    torch.manual_seed(0)
    weight, std = truncated_normal((200, 40, 3, 3), init), 1 / math.sqrt(inputs)
    assert weight.abs().max() <= 2 * std
    # The standard deviation of a normal distribution shrinks by the factor
    # sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)) when it is cut at two standard deviations.
    kept = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))
    assert weight.std().item() == pytest.approx(kept * std, rel=0.01)
    assert abs(weight.mean().item()) < 0.01 * std


def test_initial_biases() -> None:
    biases = [
        p for name, p in PaperResNet(categories=4).named_parameters() if name.endswith("bias")
    ]
    assert len(biases) == 25 + 2 and all((b == BIAS).all() for b in biases) and BIAS == 0.1
