"""Makes model.safetensors: a net of fixed weights that says where a picture has edges. Nothing is trained.

    python3 assets/models/edges/train/make.py
"""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))

from net_file import Net  # noqa: E402

HEIGHT, WIDTH, CELL = 144, 256, 8


def edges():
    net = Net("edges", "fixed weights: binomial blur, Sobel (1968), magnitude, mean over cells of 8 x 8 pixels")
    image = net.input("image", [1, 1, HEIGHT, WIDTH], {"channels": "luma"})
    row = np.array([1, 4, 6, 4, 1], np.float32) / 16
    blur = net.tensor("blur.weight", np.outer(row, row)[None, None])
    smooth = net.layer("conv2d", [image], "blur", weight=blur, padding=[2, 2, 2, 2])
    across = np.outer([1, 2, 1], [-1, 0, 1]).astype(np.float32) / 4
    sobel = net.tensor("sobel.weight", np.stack([across, across.T])[:, None])
    slope = net.layer("conv2d", [smooth], "sobel", weight=sobel)
    square = net.layer("mul", [slope, slope], "square")
    both = net.tensor("both.weight", np.ones([1, 2, 1, 1], np.float32))
    energy = net.layer("conv2d", [square], "energy", weight=both)
    magnitude = net.layer("sqrt", [energy], "magnitude")
    # The border has no slope: the convolution leaves it out, and zeros take its place.
    whole = net.layer("pad", [magnitude], "border", before=[0, 0, 1, 1], after=[0, 0, 1, 1])
    net.output("cells", net.layer("avg_pool2d", [whole], "cells", kernel=[CELL, CELL]))
    return net


if __name__ == "__main__":
    path = HERE.parent / "model.safetensors"
    edges().save(path)
    print(f"{path}: {path.stat().st_size} bytes")
