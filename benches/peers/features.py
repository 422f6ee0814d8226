"""Features: repeatability and matching score over the series of `series.py`, beside ORB with as many points."""

import numpy as np

import peers
import photographs
import report
import series

METHODS = ["ORB", "Freshet"]
LARGEST = (800, 600)
CELL = 40  # px; the share of cells with a point says how evenly they are spread


def run(kit):
    names = photographs.QUICK[:1] if kit.quick else photographs.NAMES
    pictures = [photographs.grey(kit.data, name, LARGEST) for name in names]
    views = [series.views(picture, kit.seed)[:: 5 if kit.quick else 1] for picture in pictures]
    everything = []
    for picture, seen in zip(pictures, views):
        everything += [picture, *(view.picture for view in seen)]
    orb = peers.Orb()
    found = {
        "ORB": [orb(picture) for picture in everything],
        "Freshet": kit.programs.features(everything, peers.ORB_POINTS),
    }

    scores = {method: {kind: [] for kind in series.KINDS} for method in METHODS}
    points, evenness = {method: [] for method in METHODS}, {method: [] for method in METHODS}
    for method in METHODS:
        features = iter(found[method])
        for picture, seen in zip(pictures, views):
            first = next(features)
            points[method].append(len(first[0]))
            evenness[method].append(spread(first[0], picture.shape))
            for view in seen:
                result = series.score(first, next(features), view.homography, picture.shape, view.picture.shape)
                scores[method][view.kind].append(result)

    kinds = [kind for kind in series.KINDS if scores["ORB"][kind]]
    means = {method: {kind: np.mean(scores[method][kind], axis=0) for kind in kinds} for method in METHODS}
    for method in METHODS:
        means[method]["all"] = np.mean([result for kind in kinds for result in scores[method][kind]], axis=0)
    columns = ["repeatability ORB", "Freshet", "matching score ORB", "Freshet", "right matches ORB", "Freshet"]
    rows = [
        (kind, *(means[method][kind][column] for column in range(3) for method in METHODS)) for kind in [*kinds, "all"]
    ]
    rows = [(*row[:5], *(round(value) for value in row[5:])) for row in rows]
    count = sum(map(len, views))
    report.table(
        f"Features: {count} pairs of pictures, at most {peers.ORB_POINTS} points, seed {kit.seed}", columns, rows
    )
    spreads = [(method, float(np.mean(points[method])), float(np.mean(evenness[method]))) for method in METHODS]
    report.table(
        f"Points of the photographs, and the share of cells of {CELL} px that hold one", ["points", "cells"], spreads
    )
    return {"columns": columns, "rows": rows, "points_and_cells": spreads, "scores": scores}


def spread(points, shape):
    rows, columns = -(-shape[0] // CELL), -(-shape[1] // CELL)
    return len({(int(y // CELL), int(x // CELL)) for x, y in points}) / (rows * columns)
