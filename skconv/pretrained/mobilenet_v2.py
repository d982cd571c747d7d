"""MobileNetV2 with the names that torchvision gives to its weights. This module imports torch."""

from __future__ import annotations

from torch import Tensor, nn

# Expansion, channels, repetitions, stride of the first (table 2 of the paper).
_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def _conv_norm_relu6(
    inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )


class InvertedResidual(nn.Module):  # type: ignore[misc]
    """Expand by 1x1, convolve every channel alone, project by 1x1; add the input if it fits."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        expand = [] if expansion == 1 else [_conv_norm_relu6(inputs, inner, size=1)]
        self.adds_input = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            *expand,
            _conv_norm_relu6(inner, inner, stride=stride, groups=inner),
            nn.Conv2d(inner, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.adds_input else self.conv(x)


class MobileNetV2(nn.Module):  # type: ignore[misc]
    """MobileNetV2 of width 1 for 1000 classes.

    References
    ----------
    Sandler, Howard, Zhu, Zhmoginov, Chen, "MobileNetV2: inverted residuals and linear
    bottlenecks", CVPR 2018.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv_norm_relu6(3, 32, stride=2)]
        channels = 32
        for expansion, outputs, repetitions, stride in _STAGES:
            for i in range(repetitions):
                block = InvertedResidual(channels, outputs, stride if i == 0 else 1, expansion)
                layers.append(block)
                channels = outputs
        layers.append(_conv_norm_relu6(channels, 1280, size=1))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1000))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).mean([2, 3]))
