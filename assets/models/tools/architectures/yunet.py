"""A detector like YuNet (Wu et al., 2023): 320x320, three scales of strides 8, 16, 32."""

from torch import nn
from torch.nn import functional

PARTS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
STRIDES = (8, 16, 32)
OUTPUTS = [f"{part}_{stride}" for part in PARTS for stride in STRIDES]


class Unit(nn.Module):
    """Pointwise, depthwise 3x3, and unless it is bare, batch norm and ReLU."""

    def __init__(self, channels, out, bare=False):
        super().__init__()
        self.pointwise, self.depthwise = nn.Conv2d(channels, out, 1), nn.Conv2d(out, out, 3, 1, 1, groups=out)
        self.norm = None if bare else nn.BatchNorm2d(out)

    def forward(self, x):
        x = self.depthwise(self.pointwise(x))
        return x if self.norm is None else functional.relu(self.norm(x))


class Stem(nn.Module):
    """A full 3x3 convolution with stride 2, then a unit."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.unit = nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), Unit(16, 16)

    def forward(self, x):
        return self.unit(functional.relu(self.norm(self.conv(x))))


class YuNet(nn.Module):
    """Picture [N, 3, H, W] to classes, objectness, boxes and points, each on three scales: [N, places, numbers]."""

    def __init__(self, width=64):
        super().__init__()
        self.stem = Stem()
        self.early = nn.Sequential(Unit(16, 16), Unit(16, width))
        self.stages = nn.ModuleList(nn.Sequential(Unit(width, width), Unit(width, width)) for _ in range(4))
        self.laterals = nn.ModuleList(Unit(width, width) for _ in STRIDES)
        self.shared = nn.ModuleList(Unit(width, width) for _ in STRIDES)
        self.heads = nn.ModuleDict(
            {part: nn.ModuleList(Unit(width, numbers, bare=True) for _ in STRIDES) for part, numbers in PARTS.items()}
        )

    def forward(self, x):
        x = self.early(functional.max_pool2d(self.stem(x), 2))
        x = self.stages[0](x)
        scales = []
        for stage in self.stages[1:]:
            x = stage(functional.max_pool2d(x, 2))
            scales.append(x)
        for place in (2, 1, 0):
            if place < 2:
                scales[place] = scales[place] + functional.interpolate(scales[place + 1], scale_factor=2.0)
            scales[place] = self.laterals[place](scales[place])
        scales = [shared(scale) for shared, scale in zip(self.shared, scales)]
        return tuple(self.rows(part, place, scale) for part in PARTS for place, scale in enumerate(scales))

    def rows(self, part, place, scale):
        numbers = self.heads[part][place](scale).permute(0, 2, 3, 1).reshape(scale.shape[0], -1, PARTS[part])
        return numbers.sigmoid() if part in ("cls", "obj") else numbers
