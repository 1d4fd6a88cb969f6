"""Keras and fastai training to a result, each with its own standard fit (`benchmarks.time_to`).

    python -m benchmarks.peers.until keras|fastai FOLDER EPOCHS EVALUATIONS OUT

FOLDER has the pictures of `benchmarks.time_to.write_pictures`. After every few epochs, a line of
JSON goes to OUT: nice and real accuracy on all test pictures, and the seconds of all evaluations
before.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

BATCH = 64  # of both tools by default: fastai's own, and twice Keras's
RATE = 1e-3  # of both tools' Adam by default

Predict = Callable[[np.ndarray], np.ndarray]  # uint8 pictures to scores


def main() -> None:
    tool, folder, epochs, evaluations, out = sys.argv[1:]
    every = max(1, int(epochs) // int(evaluations))
    parts = {
        part: tuple(np.load(Path(folder) / f"{part}-{what}.npy") for what in ("images", "labels"))
        for part in ("train", "nice", "real")
    }

    spent = [0.0]

    def evaluate(epoch: int, predict: Predict) -> None:
        """Write both accuracies, if this epoch (from 1) is one of those that are evaluated."""
        if epoch % every == 0 or epoch == int(epochs):
            started = time.monotonic()
            scores = [
                float((predict(images).argmax(1) == labels).mean())
                for images, labels in (parts["nice"], parts["real"])
            ]
            with open(out, "a") as file:
                file.write(json.dumps([*scores, sum(spent)]) + "\n")
            spent.append(time.monotonic() - started)

    {"keras": with_keras, "fastai": with_fastai}[tool](*parts["train"], int(epochs), evaluate)


def with_keras(images, labels, epochs: int, evaluate: Callable[[int, Predict], None]) -> None:
    import keras
    import tensorflow as tf

    from benchmarks.peers.keras import network

    keras.config.disable_interactive_logging()
    layers = (
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomTranslation(0.1, 0.1),
        keras.layers.RandomZoom(0.2),
    )

    def augment(x, y):
        for layer in layers:  # one by one: tf.data runs no Sequential on Keras's other backends
            x = layer(x, training=True)
        return x, y

    pictures = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(labels))
    pictures = pictures.batch(BATCH).map(augment, 2)
    model = network(int(labels.max()) + 1)
    model.compile(
        keras.optimizers.Adam(RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )

    class Scores(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs=None) -> None:
            evaluate(epoch + 1, lambda x: model.predict(x, batch_size=256, verbose=0))

    model.fit(pictures.prefetch(2), epochs=epochs, verbose=0, callbacks=[Scores()])


def with_fastai(images, labels, epochs: int, evaluate: Callable[[int, Predict], None]) -> None:
    import torch
    from fastai.vision.all import (
        Callback,
        CategoryBlock,
        CrossEntropyLossFlat,
        DataBlock,
        ImageBlock,
        IndexSplitter,
        Learner,
        PILImage,
        aug_transforms,
    )

    from benchmarks.peers.plain import network

    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock(vocab=list(range(int(labels.max()) + 1)))),
        get_x=lambda place: PILImage.create(images[place]),
        get_y=lambda place: int(labels[place]),
        splitter=IndexSplitter([0]),
        batch_tfms=aug_transforms(size=images.shape[1]),
    )
    loaders = block.dataloaders(range(len(labels)), bs=BATCH, num_workers=0)
    model = network(int(labels.max()) + 1)

    def predict(pictures: np.ndarray) -> np.ndarray:
        model.eval()
        with torch.no_grad():
            parts = [
                model(torch.from_numpy(pictures[i : i + 256]).permute(0, 3, 1, 2) / 255.0)
                for i in range(0, len(pictures), 256)
            ]
        return torch.cat(parts).numpy()

    class Scores(Callback):
        def after_epoch(self) -> None:
            evaluate(self.epoch + 1, predict)

    learner = Learner(loaders, model, loss_func=CrossEntropyLossFlat(), train_bn=True)
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(epochs, RATE, cbs=[Scores()])


if __name__ == "__main__":
    main()
