"""MobileNetV2 (Sandler et al., 2018): 224x224, 1000 classes."""

from torch import nn

# expansion, channels, repeats, stride of the first
STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def step(channels, out, kernel=1, stride=1, groups=1):
    """Convolution, batch norm, ReLU6."""
    conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU6(inplace=True))


class Inverted(nn.Module):
    """Wide in the middle, added to its input where the shapes allow it."""

    def __init__(self, channels, out, stride, expansion):
        super().__init__()
        wide = channels * expansion
        grow = [step(channels, wide)] if expansion != 1 else []
        shrink = [nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out)]
        self.body = nn.Sequential(*grow, step(wide, wide, 3, stride, wide), *shrink)
        self.added = stride == 1 and channels == out

    def forward(self, x):
        return x + self.body(x) if self.added else self.body(x)


class MobileNetV2(nn.Module):
    """Picture [N, 3, H, W] to logits [N, classes]."""

    def __init__(self, classes=1000):
        super().__init__()
        layers, channels = [step(3, 32, 3, 2)], 32
        for expansion, out, repeats, stride in STAGES:
            for number in range(repeats):
                layers.append(Inverted(channels, out, stride if number == 0 else 1, expansion))
                channels = out
        self.features = nn.Sequential(*layers, step(channels, 1280))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))
