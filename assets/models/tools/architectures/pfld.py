"""A landmark net like PFLD (Guo et al., 2019): 112x112, 98 points."""

import torch
from torch import nn
from torch.nn import functional

POINTS = 98


def step(channels, out, kernel, stride, padding, groups=1):
    conv = nn.Conv2d(channels, out, kernel, stride, padding, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU(inplace=True))


class Inverted(nn.Module):
    """Wide in the middle, added to its input where it keeps the shape and is asked to."""

    def __init__(self, channels, out, stride, added, expansion):
        super().__init__()
        wide = channels * expansion
        last = [nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out)]
        self.body = nn.Sequential(step(channels, wide, 1, 1, 0), step(wide, wide, 3, stride, 1, wide), *last)
        self.added = added

    def forward(self, x):
        return x + self.body(x) if self.added else self.body(x)


class Pfld(nn.Module):
    """Picture [N, 3, 112, 112] to points [N, 196], x and y in turn."""

    def __init__(self):
        super().__init__()
        stem = [step(3, 64, 3, 2, 1), step(64, 64, 3, 1, 1)]
        middle = [Inverted(64, 64, 2, False, 2), *(Inverted(64, 64, 1, True, 2) for _ in range(4))]
        late = [Inverted(64, 128, 2, False, 2), Inverted(128, 128, 1, False, 4)]
        late += [Inverted(128, 128, 1, True, 4) for _ in range(5)]
        self.body = nn.Sequential(*stem, *middle, *late, Inverted(128, 16, 1, False, 2))
        self.halved, self.whole = step(16, 32, 3, 2, 1), nn.Conv2d(32, 128, 7)
        self.large, self.small = nn.AvgPool2d(14), nn.AvgPool2d(7)
        self.points = nn.Linear(16 + 32 + 128, 2 * POINTS)

    def forward(self, x):
        large = self.body(x)
        small = self.halved(large)
        whole = functional.relu(self.whole(small))
        parts = [self.large(large), self.small(small), whole]
        return self.points(torch.cat([part.flatten(1) for part in parts], 1))
