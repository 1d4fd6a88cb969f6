"""The network in Keras 3, the paper's framework: functional API, cached `tf.data`, `fit`.

KERAS_BACKEND in the environment chooses what computes: TensorFlow, or JAX, whose compiler is XLA.
"""

from pathlib import Path

import keras
import tensorflow as tf
from keras import layers


def normalized(x):
    return layers.BatchNormalization(center=False, scale=False)(x)


def block(x, outputs: int):
    inputs, size = x.shape[-1], x.shape[1]
    change = inputs != outputs
    # A stride of 2 pads an even size on the right and bottom ("same"). An odd size needs no
    # padding ("valid").
    y = layers.Conv2D(
        outputs,
        3,
        strides=2 if change else 1,
        padding="valid" if change and size % 2 else "same",
        activation="elu",
    )(normalized(x))
    y = layers.Conv2D(outputs, 3, padding="same")(normalized(y))
    skip = layers.Conv2D(outputs, 1, strides=2)(x) if change else x
    over = skip.shape[1] - y.shape[1]
    if over:
        skip = layers.Cropping2D(((0, over), (0, over)))(skip)
    return layers.Activation("elu")(layers.add([y, skip]))


def network(categories: int) -> keras.Model:
    inputs = keras.Input((100, 100, 3))
    x = layers.Conv2D(8, 5, padding="same", activation="elu")(
        normalized(layers.Rescaling(1 / 255)(inputs))
    )
    x = layers.MaxPooling2D(2)(x)
    for outputs in [8] * 3 + [16] * 4 + [32] * 4:
        x = block(x, outputs)
    x = layers.Flatten()(layers.AveragePooling2D(2)(x))
    x = layers.Dense(200, activation="tanh")(normalized(x))
    return keras.Model(inputs, layers.Dense(categories)(normalized(x)))


class Contender:
    """See `benchmarks.contender`. `preset`: "tensorflow" or "jax", as KERAS_BACKEND."""

    def __init__(self, data: Path, batch: int, device: str, *, preset: str, precision: str) -> None:
        if precision == "bfloat16":
            keras.mixed_precision.set_global_policy("mixed_bfloat16")
        keras.config.disable_interactive_logging()
        self.threads = f"{preset}'s own"
        pictures = keras.utils.image_dataset_from_directory(
            data / "jpeg", image_size=(100, 100), batch_size=batch
        )
        self.pictures = sum(len(labels) for _, labels in pictures)
        self.model = network(len(pictures.class_names))
        self.dataset = pictures.cache().prefetch(tf.data.AUTOTUNE)
        self.model.compile(
            keras.optimizers.SGD(0.004, momentum=0.6, weight_decay=0.002),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        batches = list(self.dataset)  # reads the whole dataset, which fills the cache
        self.first = [part.numpy() for part in batches[0]]  # JAX takes no tensor of TensorFlow

    def step(self) -> int:
        self.model.train_on_batch(*self.first)
        return int(self.first[1].shape[0])

    def epoch(self) -> int:
        self.model.fit(self.dataset, epochs=1, verbose=0)
        return self.pictures
