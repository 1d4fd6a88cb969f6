"""A run's network as one ONNX file, for programs, phones and browsers without PyTorch."""

import json
import os
import secrets
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fruitlab.config.errors import RunError
from fruitlab.data.pictures import SIZE
from fruitlab.inference.predict import load_network
from fruitlab.models.folded import inference_model
from fruitlab.models.model import Model
from fruitlab.runs.folder import Run

OPSET = 18
# Largest accepted difference between the probabilities of PyTorch and ONNX Runtime. Float32
# rounding in another order of summation is a tenth of it.
TOLERANCE = 1e-4


class _FromPixels(nn.Module):
    """Pixels in, probabilities out: preprocessing and softmax are part of the exported network."""

    def __init__(self, network: Model) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        x = pictures.permute(0, 3, 1, 2).to(torch.float32) / 255
        return torch.softmax(self.network(self.network.standardize(x)), 1)


def export_onnx(run: Run, path: Path) -> dict[str, Any]:
    """Write the run's network to `path` and check the file against PyTorch.

    The input *pictures* is uint8 [n, 100, 100, 3], RGB, rows from the top: the centre square of a
    photo, resized (`data.pictures.read` returns it). The output *probabilities* is float32
    [n, categories]; each row sums to 1. The file's metadata are *categories* (a JSON list in the
    order of the output), *run*, *network*, and *input* in words.

    Returns:
        {run, file, bytes, input, output, categories, largest_difference}.

    Raises:
        RunError: there are no weights, packages are missing, the file cannot be written, or it
            disagrees with PyTorch (then nothing is kept).
    """
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401  torch.onnx needs it
    except ImportError as error:
        raise RunError(
            f"Exporting needs {error.name}, which is not installed: pip install"
            ' "fruitlab[export]", or, in a checkout, pip install -r requirements.txt'
        ) from None
    network, categories = load_network(run)
    model = _FromPixels(inference_model(network)).eval()
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        program = _program(model)
        proto = program.model_proto
        onnx.helper.set_model_props(
            proto,
            {
                "categories": json.dumps(categories, ensure_ascii=False),
                "run": run.id,
                "network": network.name,
                "input": f"uint8 [n, {SIZE}, {SIZE}, 3]: RGB pictures, the centre square of a "
                f"photo resized to {SIZE} x {SIZE}",
            },
        )
        onnx.checker.check_model(proto, full_check=True)
        onnx.save(proto, temporary)
        difference = _difference(onnxruntime, temporary, model)
        if difference > TOLERANCE:
            raise RunError(
                f"{run.id}: ONNX Runtime's probabilities differ from PyTorch's by "
                f"{difference:.2g}, so nothing was written. Install the versions of torch, onnx "
                "and onnxruntime that requirements.txt names."
            )
        os.replace(temporary, path)
    except OSError as error:
        raise RunError(
            f"{path} cannot be written: {error.strerror or error}. Name another file: "
            f"python -m fruitlab export {run.id} --onnx FILE"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
    return {
        "run": run.id,
        "file": str(path),
        "bytes": path.stat().st_size,
        "input": f"pictures: uint8 [n, {SIZE}, {SIZE}, 3], RGB",
        "output": f"probabilities: float32 [n, {len(categories)}]",
        "categories": list(categories),
        "largest_difference": difference,
    }


def _program(model: nn.Module) -> Any:
    # Two pictures: the exporter takes a batch of one for a constant.
    example = torch.zeros(2, SIZE, SIZE, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they concern the exporter's own code
        return torch.onnx.export(
            model,
            (example,),
            input_names=["pictures"],
            output_names=["probabilities"],
            opset_version=OPSET,
            dynamic_shapes={"pictures": {0: torch.export.Dim("n")}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )


@torch.inference_mode()
def _difference(onnxruntime: Any, path: Path, model: nn.Module) -> float:
    """The largest difference of a probability, over pictures of noise."""
    pictures = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (there,) = session.run(None, {"pictures": pictures})
    return float(np.abs(there - model(torch.from_numpy(pictures)).numpy()).max())
