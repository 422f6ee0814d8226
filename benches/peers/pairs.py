"""Pairs of frames with exact flow, made from photographs.

Both frames are resampled from the photograph's cubic spline, so neither is sharper than the other, and they
lie inside it, so no border is made up. Motions: `shift` 4 to 20 px; `rotation` 2 to 10 degrees; `zoom` 3 to
15 %; `perspective`; `layers`, a blob of another photograph that moves before a moving ground; `lighting`, a
small motion with other gain, offset and noise.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

import photographs

MOTIONS = ["shift", "rotation", "zoom", "perspective", "layers", "lighting"]
SHARE = 0.78  # of the photograph's side that a frame shows
WIDEST = 640


@dataclass
class Pair:
    name: str
    motion: str
    previous: np.ndarray
    current: np.ndarray
    flow: np.ndarray  # previous to current, px
    valid: np.ndarray  # pixels whose flow is known and that both frames show


def make_all(data, seed, names=photographs.NAMES):
    """A pair for each motion and photograph."""
    sources = {name: Source(photographs.grey(data, name)) for name in photographs.NAMES}
    return [make(sources, name, motion, seed) for motion in MOTIONS for name in names]


class Source:
    """A photograph as a spline. Frames take one of its pixels in `scale`."""

    def __init__(self, picture):
        self.height, self.width = picture.shape
        self.scale = max(1.0, SHARE * self.width / WIDEST)
        picture = picture.astype(np.float64)
        if self.scale > 1.01:
            picture = ndimage.gaussian_filter(picture, 0.45 * self.scale)
        self.spline = ndimage.spline_filter(picture, order=3, mode="mirror")

    def at(self, x, y):
        return ndimage.map_coordinates(self.spline, [y, x], order=3, mode="mirror", prefilter=False)

    def holds(self, x, y):
        return (x >= 0) & (x <= self.width - 1) & (y >= 0) & (y <= self.height - 1)

    def frame_size(self):
        return int(SHARE * self.width / self.scale), int(SHARE * self.height / self.scale)


def apply(matrix, x, y):
    depth = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    return (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / depth, (
        matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    ) / depth


def shift(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def turn(degrees, scale=1.0):
    cosine, sine = scale * np.cos(np.deg2rad(degrees)), scale * np.sin(np.deg2rad(degrees))
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])


def about(x, y, matrix):
    return shift(x, y) @ matrix @ shift(-x, -y)


def random_shift(random, least, most):
    length, angle = random.uniform(least, most), random.uniform(0, 2 * np.pi)
    return shift(length * np.cos(angle), length * np.sin(angle))


def ground_motion(motion, random, sign, width, height):
    """Where the previous frame's pixels are in the current one."""
    x, y = (width - 1) / 2, (height - 1) / 2
    if motion == "shift":
        matrix = random_shift(random, 4, 20)
    elif motion == "rotation":
        matrix = about(x, y, turn(sign * random.uniform(2, 10)))
    elif motion == "zoom":
        zoom = random.uniform(1.03, 1.15)
        matrix = about(x, y, turn(0, zoom if sign > 0 else 1 / zoom))
    elif motion == "perspective":
        tilt = np.eye(3)
        tilt[2, :2] = random.uniform(-0.12, 0.12, 2) / width
        matrix = about(x, y, tilt @ turn(random.uniform(-3, 3), random.uniform(0.97, 1.03)))
        matrix = random_shift(random, 0, 8) @ matrix
    elif motion == "layers":
        matrix = random_shift(random, 1, 8) @ about(x, y, turn(random.uniform(-1.5, 1.5)))
    else:
        matrix = random_shift(random, 0.5, 5) @ about(x, y, turn(random.uniform(-1, 1)))
    return matrix / matrix[2, 2]


def make(sources, name, motion, seed):
    place = photographs.NAMES.index(name)
    random = np.random.default_rng([seed, place, MOTIONS.index(motion)])
    source = sources[name]
    width, height = source.frame_size()
    sign = random.choice([-1, 1])
    ground = ground_motion(motion, random, sign, width, height)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)

    # Previous pixel to source pixel, placed so that both frames lie inside the source if they fit at all.
    scale = source.scale
    jitter = random.uniform(-0.5, 0.5, 2)
    left = (source.width - 1 - scale * (width - 1)) / 2 + jitter[0]
    top = (source.height - 1 - scale * (height - 1)) / 2 + jitter[1]
    back_x, back_y = apply(np.linalg.inv(ground), x, y)
    left += into(scale * back_x + left, source.width)
    top += into(scale * back_y + top, source.height)
    previous_x, previous_y = scale * x + left, scale * y + top
    current_x, current_y = scale * back_x + left, scale * back_y + top
    previous, current = source.at(previous_x, previous_y), source.at(current_x, current_y)
    to_x, to_y = apply(ground, x, y)
    valid = source.holds(previous_x, previous_y)

    if motion == "layers":
        other = sources[photographs.NAMES[(place + 3) % len(photographs.NAMES)]]
        blob = Blob(other, random, width, height)
        before, after = blob.share(x, y), blob.share(*apply(np.linalg.inv(blob.motion), x, y))
        previous = previous * (1 - before) + blob.texture(x, y) * before
        current = current * (1 - after) + blob.texture(*apply(np.linalg.inv(blob.motion), x, y)) * after
        inside, edge = before > 0.5, (before > 0.02) & (before < 0.98)
        hidden = ~inside & (blob.share(*apply(np.linalg.inv(blob.motion), to_x, to_y)) > 0.5)
        blob_x, blob_y = apply(blob.motion, x, y)
        to_x, to_y = np.where(inside, blob_x, to_x), np.where(inside, blob_y, to_y)
        valid &= ~hidden & ~edge
    if motion == "lighting":
        gain, offset = (1.2, random.uniform(2, 12)) if sign > 0 else (0.8, random.uniform(-12, -2))
        previous = previous + random.normal(0, 3, previous.shape)
        current = current * gain + offset + random.normal(0, 3, current.shape)

    leaves = (to_x < 0) | (to_x > width - 1) | (to_y < 0) | (to_y > height - 1)
    near_x, near_y = np.clip(np.rint(to_x), 0, width - 1).astype(int), np.clip(np.rint(to_y), 0, height - 1).astype(int)
    valid &= ~leaves & source.holds(current_x, current_y)[near_y, near_x]
    flow = np.dstack([to_x - x, to_y - y]).astype(np.float32)
    return Pair(name, motion, to_bytes(previous), to_bytes(current), flow, valid)


def into(places, size):
    """By how much places must move to lie between 1 and size - 2."""
    return max(0, 1 - places.min()) if places.min() < 1 else -max(0, places.max() - (size - 2))


def to_bytes(picture):
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


class Blob:
    """A smooth shape that shows another photograph and moves on its own."""

    def __init__(self, source, random, width, height):
        self.source = source
        self.phases, self.waves = random.uniform(0, 2 * np.pi, 4), random.uniform(0.03, 0.12, 4)
        self.x = (width - 1) / 2 + random.uniform(-0.12, 0.12) * width
        self.y = (height - 1) / 2 + random.uniform(-0.12, 0.12) * height
        self.radius = 0.26 * height
        self.motion = random_shift(random, 3, 15) @ about(
            self.x, self.y, turn(random.uniform(-4, 4), random.uniform(0.97, 1.03))
        )

    def share(self, x, y):
        """How much of the pixel at a place the blob covers."""
        x, y = x - self.x, y - self.y
        angle = np.arctan2(y, x)
        waves = sum(
            wave * np.sin((place + 2) * angle + phase)
            for place, (wave, phase) in enumerate(zip(self.waves, self.phases))
        )
        return np.clip(self.radius * (1 + waves) - np.hypot(x, y) + 0.5, 0, 1)

    def texture(self, x, y):
        source = self.source
        return source.at(
            (source.width - 1) / 2 + source.scale * (x - self.x), (source.height - 1) / 2 + source.scale * (y - self.y)
        )
