"""Many small made-up pictures, and scenes that show some of them at once."""

import math

import cv2
import numpy as np

import geometry

SIDE = 256
SHAPES = (25, 70)
LARGEST_TILT = 45
SCALES = (0.55, 1.2)


def picture(seed, side=SIDE):
    """A picture unlike the others: shapes, letters and lines over a soft ground."""
    random = np.random.default_rng(seed)
    width, height = side, int(side * random.uniform(0.65, 1.0))
    ground = np.full((height, width), int(random.integers(60, 200)), np.uint8)
    cells = random.uniform(0, 1, (int(random.integers(2, 6)), int(random.integers(2, 6)))).astype(np.float32)
    soft = cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)
    drawn = np.clip(ground + (soft - 0.5) * random.uniform(30, 120), 0, 255).astype(np.uint8)
    for _ in range(int(random.integers(*SHAPES))):
        shape(drawn, random)
    return cv2.GaussianBlur(drawn, (0, 0), 0.6)


def shape(drawn, random):
    height, width = drawn.shape
    kind, tone = random.integers(0, 4), int(random.integers(0, 256))
    x, y, reach = int(random.integers(0, width)), int(random.integers(0, height)), int(random.integers(6, width // 5))
    if kind == 0:
        cv2.circle(drawn, (x, y), reach // 2, tone, -1 if random.random() < 0.6 else 2, cv2.LINE_AA)
    elif kind == 1:
        corners = np.stack([x + random.normal(0, reach / 2, 5), y + random.normal(0, reach / 2, 5)], 1)
        cv2.fillPoly(drawn, [np.int32(corners)], tone, cv2.LINE_AA)
    elif kind == 2:
        letters = "".join(chr(int(code)) for code in random.integers(65, 122, 4))
        font, size, thickness = int(random.integers(0, 4)), random.uniform(0.4, 1.3), int(random.integers(1, 3))
        cv2.putText(drawn, letters, (x - reach, y), font, size, tone, thickness, cv2.LINE_AA)
    else:
        end = (int(x + random.normal(0, reach)), int(y + random.normal(0, reach)))
        cv2.line(drawn, (x, y), end, tone, int(random.integers(1, 5)), cv2.LINE_AA)


def scene(seed, size, pictures, columns, rows):
    """A cluttered ground with pictures on a grid, each turned and tilted.

    `pictures` is a dictionary number -> picture, at most one for each cell. Returns the frame and number ->
    homography.
    """
    random = np.random.default_rng(seed)
    width, height = size
    frame = cv2.resize(picture(seed + 5_000_000, 640), size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    cell = np.array([width / columns, height / rows])
    truth = {}
    for place, (number, shown) in enumerate(pictures.items()):
        corner = cell * [place % columns, place // columns]
        truth[number] = pose(random, shown.shape[::-1], size, corner, corner + cell)
        paste(frame, shown, truth[number])
    return cv2.GaussianBlur(frame, (0, 0), 0.6), truth


def pose(random, picture_size, frame_size, low, high):
    """A homography under which the picture lies inside a cell of the frame."""
    focal = 1.1 * frame_size[0]
    centre = (low + high) / 2
    middle = (np.array(frame_size) - 1) / 2
    camera = np.array([[focal, 0, middle[0]], [0, focal, middle[1]], [0, 0, 1]])
    to_plane = np.array([[1, 0, (1 - picture_size[0]) / 2], [0, 1, (1 - picture_size[1]) / 2], [0, 0, 1]])
    for _ in range(1000):
        scale = math.exp(random.uniform(*np.log(SCALES)))
        tilt, towards, roll = np.radians(
            [random.uniform(0, LARGEST_TILT), random.uniform(0, 360), random.uniform(0, 360)]
        )
        turn = about_z(roll + towards) @ cv2.Rodrigues(np.array([tilt, 0, 0]))[0] @ about_z(-towards)
        depth = focal / scale
        place = np.array([*(centre - middle) * depth / focal, depth])
        homography = camera @ np.c_[turn[:, 0], turn[:, 1], place] @ to_plane
        corners = geometry.project(homography, geometry.outer_corners(*picture_size))
        if (corners >= low).all() and (corners <= high - 1).all():
            return homography / homography[2, 2]
    raise RuntimeError("no pose fits the cell")


def about_z(angle):
    return cv2.Rodrigues(np.array([0, 0, angle]))[0]


def paste(frame, shown, homography):
    """Draws a picture over the frame; pixels are means of 2x2 samples."""
    size = frame.shape[1], frame.shape[0]
    samples = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1.0]]) @ homography
    large = (2 * size[0], 2 * size[1])
    colour, mask = (
        cv2.warpPerspective(layer.astype(np.float32), samples, large) for layer in (shown, np.ones_like(shown))
    )
    colour, mask = (cv2.resize(layer, size, interpolation=cv2.INTER_AREA) for layer in (colour, mask))
    frame[:] = frame * (1 - mask) + colour
