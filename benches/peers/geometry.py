"""Homographies. Pixel coordinates count from the centre of the first pixel, x right, y down."""

import numpy as np


def project(homography, points):
    """Points through a homography."""
    points = np.asarray(points, np.float64)
    mapped = np.c_[points, np.ones(len(points))] @ np.asarray(homography, np.float64).reshape(3, 3).T
    return mapped[:, :2] / mapped[:, 2:]


def outer_corners(width, height):
    """The outer corners of a picture: half a pixel outside the centres of its corner pixels."""
    return np.array([[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]])


def corner_errors(found, truth, size):
    """Distances in frame pixels between the corners of a picture of `size` under two homographies."""
    corners = outer_corners(*size)
    return np.linalg.norm(project(found, corners) - project(truth, corners), axis=1)
