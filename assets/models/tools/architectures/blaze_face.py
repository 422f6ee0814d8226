"""A detector like BlazeFace (Bazarevsky et al., 2019): 128x128, 896 anchors, with batch norms as when it is trained."""

import torch
from torch import nn
from torch.nn import functional

# channels, stride of the blocks up to the 16x16 map, and from there to the 8x8 map
LARGE = [(24, 1), (28, 1), (32, 2), (36, 1), (42, 1), (48, 2), (56, 1), (64, 1), (72, 1), (80, 1), (88, 1)]
SMALL = [(96, 2), (96, 1), (96, 1), (96, 1), (96, 1)]
LARGE_ANCHORS, SMALL_ANCHORS = 2, 6  # a place
NUMBERS = 16  # of a box and six points


class BlazeBlock(nn.Module):
    """Depthwise 5x5, pointwise; what goes around is pooled and gets empty channels."""

    def __init__(self, channels, out, stride):
        super().__init__()
        self.stride, self.more = stride, out - channels
        padding = 0 if stride == 2 else 2
        self.depthwise = nn.Conv2d(channels, channels, 5, stride, padding, groups=channels)
        self.pointwise, self.norm = nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out)

    def forward(self, x):
        inner, around = x, x
        if self.stride == 2:
            inner, around = functional.pad(x, (1, 2, 1, 2)), functional.max_pool2d(x, 2)
        inner = self.norm(self.pointwise(self.depthwise(inner)))
        if self.more:
            around = functional.pad(around, (0, 0, 0, 0, 0, self.more))
        return functional.relu(inner + around)


def blocks(channels, plan):
    made = []
    for out, stride in plan:
        made.append(BlazeBlock(channels, out, stride))
        channels = out
    return nn.Sequential(*made)


class BlazeFace(nn.Module):
    """Picture [N, 3, 128, 128] to boxes [N, 896, 16] and scores [N, 896, 1], before the sigmoid."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 24, 5, 2, bias=False), nn.BatchNorm2d(24)
        self.large, self.small = blocks(24, LARGE), blocks(88, SMALL)
        self.large_scores, self.small_scores = nn.Conv2d(88, LARGE_ANCHORS, 1), nn.Conv2d(96, SMALL_ANCHORS, 1)
        self.large_boxes = nn.Conv2d(88, LARGE_ANCHORS * NUMBERS, 1)
        self.small_boxes = nn.Conv2d(96, SMALL_ANCHORS * NUMBERS, 1)

    def forward(self, x):
        x = functional.relu(self.norm(self.stem(functional.pad(x, (1, 2, 1, 2)))))
        large = self.large(x)
        small = self.small(large)

        def rows(maps, numbers):
            return maps.permute(0, 2, 3, 1).reshape(maps.shape[0], -1, numbers)

        boxes = torch.cat([rows(self.large_boxes(large), NUMBERS), rows(self.small_boxes(small), NUMBERS)], 1)
        scores = torch.cat([rows(self.large_scores(large), 1), rows(self.small_scores(small), 1)], 1)
        return boxes, scores
