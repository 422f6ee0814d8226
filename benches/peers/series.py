"""Photographs and the same seen otherwise, by a known homography: the series of Mikolajczyk and Schmid (2005)."""

from dataclasses import dataclass

import cv2
import numpy as np

from geometry import project

KINDS = ["viewpoint", "scale", "rotation", "blur", "light", "noise", "mixed"]
FINE = 3  # samples of a warped pixel along each side, so that shrinking does not alias
NEAR = 3.0  # pixels between a point and where it should be, in both pictures


@dataclass
class View:
    kind: str
    amount: float
    picture: np.ndarray
    homography: np.ndarray  # photograph to picture


def views(picture, seed):
    """All views of a photograph."""
    random = np.random.default_rng(seed)
    height, width = picture.shape
    size = (width, height)
    made = []

    def add(kind, amount, matrix, out=size):
        made.append(View(kind, amount, warp(picture, matrix, out), matrix))

    def change(kind, amount, values):
        made.append(View(kind, amount, np.clip(values, 0, 255).round().astype(np.uint8), np.eye(3)))

    for place, degrees in enumerate([10, 20, 30, 40, 50]):
        add("viewpoint", degrees, viewpoint(size, degrees if place % 2 else -degrees, upright=place % 2 == 1))
    for scale in [0.4, 0.5, 0.65, 0.8, 1.25, 1.6, 2.0, 2.5]:
        out = smaller(size, scale)
        add("scale", scale, about_centre(size, scale, 0, out), out)
    for degrees in [15, 30, 45, 70, 90, 120, 150, 180]:
        add("rotation", degrees, about_centre(size, 1, degrees, size))
    for sigma in [0.7, 1.0, 1.5, 2.0, 2.5]:
        change("blur", sigma, cv2.GaussianBlur(picture, (0, 0), sigma))
    for gain, gamma, offset in [(0.6, 1, 0), (0.35, 1, 0), (1.4, 1, -30), (1, 0.5, 0), (1, 2, 0), (0.7, 1.5, 25)]:
        change("light", gain, 255 * gain * (picture / 255.0) ** gamma + offset)
    for sigma in [3, 6, 10, 15, 20]:
        change("noise", sigma, picture + random.normal(0, sigma, picture.shape))
    for scale, degrees, tilt in [(0.7, 35, 20), (0.55, 100, 30), (1.4, -60, 25)]:
        out = smaller(size, scale)
        add("mixed", scale, about_centre(size, scale, degrees, out) @ viewpoint(size, tilt, upright=False), out)
        light = made[-1].picture * 0.8 + 10 + random.normal(0, 3, out[::-1])
        made[-1].picture = np.clip(light, 0, 255).round().astype(np.uint8)
    return made


def smaller(size, scale):
    return tuple(max(int(side * min(scale, 1)), 16) for side in size)


def warp(picture, matrix, size):
    up = np.array([[FINE, 0, (FINE - 1) / 2], [0, FINE, (FINE - 1) / 2], [0, 0, 1.0]])
    large = (size[0] * FINE, size[1] * FINE)
    large = cv2.warpPerspective(picture, up @ matrix, large, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return cv2.resize(large, size, interpolation=cv2.INTER_AREA)


def viewpoint(size, degrees, upright):
    """The picture's plane, turned about its horizontal line if `upright`, else about its vertical one."""
    width, height = size
    focal, angle = 1.2 * max(size), np.deg2rad(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    camera = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])
    plane = [[1, 0, 0], [0, cosine, 0], [0, sine, 1]] if upright else [[cosine, 0, 0], [0, 1, 0], [-sine, 0, 1]]
    return camera @ plane @ np.linalg.inv(camera)


def about_centre(size, scale, degrees, out):
    cosine, sine = scale * np.cos(np.deg2rad(degrees)), scale * np.sin(np.deg2rad(degrees))
    to = np.array([[1, 0, (out[0] - 1) / 2], [0, 1, (out[1] - 1) / 2], [0, 0, 1]])
    back = np.array([[1, 0, -(size[0] - 1) / 2], [0, 1, -(size[1] - 1) / 2], [0, 0, 1]])
    return to @ np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ back


def score(first, second, homography, first_shape, second_shape):
    """(repeatability, matching score, right matches) of the features of two pictures.

    Points count in the region that both pictures show. Two points correspond when they are less than 3 px
    apart in both pictures; each has at most one partner, the nearest pairs first. Repeatability is the share
    of corresponding points in the smaller of both sets; the matching score is the share of those whose
    descriptors are each other's nearest and that correspond.
    """
    forth, back = project(homography, first[0]), project(np.linalg.inv(homography), second[0])
    kept_first, kept_second = within(forth, second_shape), within(back, first_shape)
    here, forth, words_here = first[0][kept_first], forth[kept_first], first[1][kept_first]
    there, back, words_there = second[0][kept_second], back[kept_second], second[1][kept_second]
    least = min(len(here), len(there))
    if least == 0:
        return 0.0, 0.0, 0
    apart = np.maximum(distances(forth, there), distances(here, back))
    rows, columns = np.nonzero(apart < NEAR)
    used_rows, used_columns = set(), set()
    for place in np.argsort(apart[rows, columns], kind="stable"):
        row, column = rows[place], columns[place]
        if row not in used_rows and column not in used_columns:
            used_rows.add(row)
            used_columns.add(column)
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
    matches = matcher.match(np.ascontiguousarray(words_here), np.ascontiguousarray(words_there))
    right = sum(apart[match.queryIdx, match.trainIdx] < NEAR for match in matches)
    return len(used_rows) / least, right / least, int(right)


def within(points, shape):
    return (points >= 0).all(1) & (points[:, 0] <= shape[1] - 1) & (points[:, 1] <= shape[0] - 1)


def distances(first, second):
    return np.hypot(first[:, None, 0] - second[None, :, 0], first[:, None, 1] - second[None, :, 1])
