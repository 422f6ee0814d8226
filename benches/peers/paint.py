"""Made-up pictures: posters to be found, and grounds to be found on."""

import math

import cv2
import numpy as np

POSTER = (480, 360)


def poster(seed, size=POSTER):
    """A made-up poster: gradient, shapes, text-like strokes, textured areas."""
    random = np.random.default_rng(1000 + seed)
    width, height = size[0] * 2, size[1] * 2
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = random.uniform(0, 2 * math.pi)
    ramp = (x / width - 0.5) * math.cos(angle) + (y / height - 0.5) * math.sin(angle)
    picture = 150 + 90 * ramp
    for _ in range(3):  # textured areas
        left, top = random.integers(0, int(width * 0.7)), random.integers(0, int(height * 0.7))
        right, bottom = left + random.integers(width // 5, width // 2), top + random.integers(height // 5, height // 2)
        area = picture[top:bottom, left:right]
        grain = random.normal(0, 1, area.shape).astype(np.float32)
        texture = sum(normalised(cv2.GaussianBlur(grain, (0, 0), sigma)) for sigma in (2, 5, 12))
        area[:] = random.uniform(60, 190) + 22 * texture
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    for _ in range(26):  # shapes
        tone = float(random.uniform(5, 250))
        centre = (int(random.integers(0, width)), int(random.integers(0, height)))
        radius = int(random.integers(10, height // 7))
        kind = random.integers(0, 4)
        if kind == 0:
            cv2.circle(picture, centre, radius, tone, -1, cv2.LINE_AA)
        elif kind == 1:
            cv2.circle(picture, centre, radius, tone, max(3, radius // 4), cv2.LINE_AA)
        else:
            corners = random.integers(3, 7)
            turns = np.sort(random.uniform(0, 2 * math.pi, corners))
            reach = radius * random.uniform(0.5, 1.4, corners)
            points = np.stack([centre[0] + reach * np.cos(turns), centre[1] + reach * np.sin(turns)], 1)
            cv2.fillPoly(picture, [points.astype(np.int32)], tone, cv2.LINE_AA)
    letters = "ABDEFGHKLMNPRSTXYZ2345789"
    for _ in range(9):  # lines of text
        text = "".join(random.choice(list(letters), random.integers(4, 13)))
        place = (int(random.integers(-20, int(width * 0.75))), int(random.integers(30, height)))
        scale = float(random.uniform(0.8, 3.6))
        tone = float(random.choice([random.uniform(0, 40), random.uniform(215, 255)]))
        cv2.putText(
            picture, text, place, int(random.choice([0, 2, 3, 4])), scale, tone, max(2, int(scale * 2.4)), cv2.LINE_AA
        )
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def clutter(seed, size=(1500, 1200)):
    """A background: shapes of all sizes over soft noise."""
    random = np.random.default_rng(5000 + seed)
    width, height = size
    grain = random.normal(0, 1, (height, width)).astype(np.float32)
    picture = 120 + 12 * sum(normalised(cv2.GaussianBlur(grain, (0, 0), sigma)) for sigma in (1.5, 4, 12, 40))
    for place in range(420):
        radius = 6 + 110 * (1 - place / 420) ** 2 * random.uniform(0.3, 1)
        corners = random.integers(3, 9)
        turns = np.sort(random.uniform(0, 2 * math.pi, corners))
        reach = radius * random.uniform(0.5, 1.5, corners)
        x, y = random.uniform(0, width), random.uniform(0, height)
        points = np.stack([x + reach * np.cos(turns), y + reach * np.sin(turns)], 1).astype(np.int32)
        layer = np.zeros((height, width), np.uint8)
        box = cv2.boundingRect(points)
        left, top = max(box[0], 0), max(box[1], 0)
        right, bottom = min(box[0] + box[2], width), min(box[1] + box[3], height)
        if right <= left or bottom <= top:
            continue
        cv2.fillPoly(layer, [points], 255)
        inside = layer[top:bottom, left:right] > 0
        area = picture[top:bottom, left:right]
        area[inside] = area[inside] * 0.35 + 0.65 * random.uniform(10, 245)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8), 0, 255).astype(np.uint8)


def normalised(picture):
    return (picture - picture.mean()) / max(picture.std(), 1e-6)
