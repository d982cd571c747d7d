"""Example graphs of ops on maps and patches, and of deep networks."""

from __future__ import annotations

from typing import get_args

import numpy as np

from skconv.graph import (
    Abs,
    Activation,
    Affine,
    BlockHistogram,
    BothSigns,
    Clip,
    Graph,
    Hash,
    KNearest,
    L2Pool,
    LocalContrast,
    Magnitude,
    MaxPool,
    MeanPool,
    Median,
    Multiply,
    Pad,
    Permute,
    Relu,
    Resize,
    Root,
    Select,
    Sign,
    SoftThreshold,
    Square,
    SubtractMean,
    SumPool,
    TensorSpec,
    TentPool,
    Triangle,
    Upsample,
)
from skconv.graph.elementwise import ActivationFunction
from skconv.testing.parts import MAP, chain, conv, divided, gated, residual
from skconv.testing.signals import resampling


def map_examples(rng: np.random.Generator) -> dict[str, Graph]:
    around = ((1, 1), (2, 1))
    return patch_examples(rng) | {
        "conv": chain(conv(rng, (4, 3, 3, 2), padding=around), Abs(), MeanPool((2, 2), (2, 2))),
        "stride": chain(conv(rng, (4, 3, 2, 2), stride=(2, 3)), Relu(), MaxPool((2, 2), (1, 2))),
        "dilation": chain(conv(rng, (4, 3, 2, 2), dilation=(2, 3)), L2Pool((3, 3), (1, 2))),
        "circular": chain(
            conv(rng, (4, 3, 4, 2), padding=around, pad_mode="circular"), Magnitude()
        ),
        "groups": chain(conv(rng, (4, 3, 3, 1), groups=2), BothSigns(), MeanPool((3, 2), (2, 2))),
        "depth": chain(
            conv(rng, (4, 3, 3, 2)), Abs(), conv(rng, (3, 3, 3, 4)), Square(), MeanPool()
        ),
        "hash": chain(
            conv(rng, (2, 3, 3, 2), padding=around),
            conv(rng, (4, 3, 3, 1), padding=around, shared=True),
            Hash(4),
            BlockHistogram((3, 3), (2, 2), 16),
        ),
        "shared": chain(conv(rng, (3, 3, 3, 1), shared=True), Relu(), MaxPool()),
        "relu": chain(Relu(), MaxPool()),
        "sum": chain(conv(rng, (3, 3, 3, 2)), Relu(), SumPool((2, 3), (1, 2))),
        "soft threshold": chain(
            conv(rng, (3, 3, 3, 2)), SoftThreshold(np.array([0, 0.5, 1], "f4")), MeanPool()
        ),
        "root": chain(
            conv(rng, (3, 3, 3, 2)), SoftThreshold(np.array([0, 0.5, 1], "f4")), MeanPool(), Root()
        ),
        "tent": chain(conv(rng, (3, 3, 3, 2)), BothSigns(), TentPool((4, 5), (2, 3)), Root()),
        "bare tent": chain(TentPool((3, 2), (3, 2))),
        "signed root": chain(Root(), MeanPool()),
        "one sign": chain(SoftThreshold(np.array([0.2, 0.4], "f4"), both_signs=False)),
        "means": chain(
            SubtractMean(), conv(rng, (3, 3, 3, 2)), SubtractMean(1), L2Pool((6, 8), (6, 8))
        ),
        "bare hash": chain(Permute((1, 0, 2)), Hash(2)),
    }


def patch_examples(rng: np.random.Generator) -> dict[str, Graph]:
    """Nonlinearities of a pixel, and ops that look at the patch around it."""
    around = ((1, 1), (2, 1))
    kernels = conv(rng, (6, 3, 3, 2))
    centroids = rng.normal(size=(5, 6)).astype(np.float32)
    return {
        "clip": chain(kernels, Clip(-0.5, 3.0), MeanPool()),
        "bare clip": chain(Clip(0.3, 0.8), MaxPool()),
        "sign": chain(kernels, Sign(), MeanPool()),
        "bare sign": chain(Sign()),
        "k nearest": chain(kernels, KNearest(4), MeanPool()),
        "one-sided k nearest": chain(kernels, KNearest(2, both_signs=False), MeanPool()),
        "median": chain(Median(padding=((1, 1), (1, 1))), Median(stride=(2, 1)), Abs()),
        "circular median": chain(Median(padding=around, pad_mode="circular")),
        "triangle": chain(kernels, Triangle(centroids), MeanPool()),
        "vector triangle": chain(Triangle(centroids), shape=(6,)),
        "contrast": divided(Graph(TensorSpec(MAP)), LocalContrast(eps=0.1), kernels),
        "channel contrast": divided(
            chain(conv(rng, (3, 3, 3, 2)), Relu()),
            LocalContrast((3, 4), (2, 1), around, "circular", "channel", 0.01),
            conv(rng, (2, 3, 4, 3), stride=(2, 1), padding=around, pad_mode="circular"),
        ),
        "divisive": divided(
            chain(conv(rng, (3, 3, 3, 2))),
            LocalContrast((3, 3), padding=((1, 1), (1, 1)), remove_mean=None, eps=0.01),
        ),
        "contrast map": chain(LocalContrast((2, 3), (2, 2), eps=0.5), MaxPool((2, 1), (1, 1))),
    }


def network_examples(rng: np.random.Generator) -> dict[str, Graph]:
    """The ops of deep networks."""
    around = ((1, 1), (1, 1))
    colours = np.linspace(0.5, 2, 2, dtype="f4")
    stem = chain(Affine(colours, -colours), conv(rng, (4, 3, 3, 2), padding=around), Relu())
    depthwise = conv(rng, (4, 3, 3, 1), padding=((0, 1), (0, 1)), stride=(2, 2), groups=4)
    thirds = resampling(5, 8), resampling(13, 10)
    activations = {
        function: chain(kernels, Activation(function))
        for function in get_args(ActivationFunction)
        for kernels in [conv(rng, (3, 2, 2, 2))]
    }
    return activations | {
        "residual": residual(stem, conv(rng, (4, 3, 3, 4), padding=around)),
        "gated": gated(chain(conv(rng, (4, 3, 3, 2))), conv(rng, (4, 1, 1, 4))),
        "squared gate": chain(conv(rng, (3, 2, 2, 2))).append(Multiply(), "conv", "conv"),
        "padded pooling": chain(Pad(around, "lowest"), MaxPool((3, 3), (2, 2))),
        "padded": chain(Pad(((0, 1), (2, 1))), conv(rng, (3, 3, 3, 2)), Abs()),
        "depthwise": chain(conv(rng, (4, 1, 1, 2)), Clip(0.0, 6.0), depthwise, MeanPool()),
        "up and down": chain(Upsample((2, 1)), MeanPool((4, 3), (4, 3)), Upsample((1, 3))),
        "resized": chain(Resize(*thirds), conv(rng, (2, 3, 3, 2)), Relu()),
        "chosen channels": chain(
            conv(rng, (4, 3, 3, 2)), Select(np.array([2, 0, 3], np.uint8)), MaxPool((2, 2), (2, 2))
        ),
    }
