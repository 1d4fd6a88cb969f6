"""The plain PyTorch network, trained by fastai's Learner on `ImageDataLoaders.from_folder`."""

from pathlib import Path

import torch
from fastai.vision.all import SGD, CrossEntropyLossFlat, ImageDataLoaders, Learner

from benchmarks.peers.plain import network


class Contender:
    """See `benchmarks.contender`.

    Raises:
        RuntimeError: bfloat16 is asked for.
    """

    def __init__(self, data: Path, batch: int, device: str, *, precision: str) -> None:
        if precision == "bfloat16":
            raise RuntimeError("fastai's mixed precision is for CUDA, and not in its own step")
        self.threads = f"{torch.get_num_threads()} + 2 workers"
        loaders = ImageDataLoaders.from_folder(
            data / "jpeg", valid_pct=0.01, bs=batch, num_workers=2, device=torch.device(device)
        )
        # fastai drops the last batch of an epoch if it is not full. The other tools train on it.
        loaders.train = loaders.train.new(drop_last=False)
        self.learner = Learner(
            loaders,
            network(len(loaders.vocab)).to(device),
            loss_func=CrossEntropyLossFlat(),
            opt_func=SGD,
            lr=0.004,
            moms=(0.6, 0.6, 0.6),
            wd=0.002,
            train_bn=True,
        )
        self.learner.create_opt()
        self.learner.model.train()
        self.batch, self.pictures = loaders.train.one_batch(), len(loaders.train_ds)

    def step(self) -> int:
        learner = self.learner
        learner.xb, learner.yb = self.batch[:1], self.batch[1:]
        learner.pred = learner.model(*learner.xb)
        learner.loss_grad = learner.loss_func(learner.pred, *learner.yb)
        learner.loss_grad.backward()
        learner.opt.step()
        learner.opt.zero_grad()
        return len(self.batch[1])

    def epoch(self) -> int:
        with self.learner.no_bar(), self.learner.no_logging():
            self.learner.fit(1)
        return self.pictures
