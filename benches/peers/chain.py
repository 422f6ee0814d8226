"""Time of the whole chain at 640x480: flow, features, matching with one target, its pose.

Both sides run in turn, for some rounds. Theirs: DIS FAST, ORB, brute force with cross-check against the
target's descriptors, RANSAC homography, on two threads; wall time around the four calls. Ours: `throughput`
with `--set stages=chain --set flow=fast`; the medians of the stages' `gpu_ms` in its report, added up (on a
software adapter that is time of the processor's own threads), from the native bytes on, and the time of a
whole frame of the app. Theirs begins with gray pictures. A target that is followed is aligned and not matched
again in every frame; OpenCV, which does not follow, has to.
"""

import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

import peers
import programs
import report
import scenes

THREADS = 2
ROUNDS, QUICK_ROUNDS = 5, 2
FRAMES, QUICK_FRAMES = 60, 16
WARM_UP = 3  # calls that do not count
BEST_MATCHES = 500  # that RANSAC is given
STEPS = ["DIS FAST", "ORB", "match", "RANSAC"]
OURS = ["convert", "pyramid", "flow", "features", "match", "pose", "align"]


def run(kit):
    rounds, frames = (QUICK_ROUNDS, QUICK_FRAMES) if kit.quick else (ROUNDS, FRAMES)
    scene = scenes.Scene("noise", seed=kit.seed, frames=frames)
    pictures = [scene.frame(index)[0] for index in range(frames)]
    theirs, ours = [], []
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        target = place / "target.png"
        cv2.imwrite(str(target), scene.target.picture)
        source = programs.write_pictures(place / "frames", pictures)
        for _ in range(rounds):
            theirs.append(opencv(pictures, scene.target.picture))
            ours.append(freshet(kit.programs, source, frames, target, place / "report.json"))
    stages = {name: statistics.median(each["stages"].get(name, 0.0) for each in ours) for name in ours[0]["stages"]}
    steps = {name: statistics.median(each[name] for each in theirs) for name in STEPS}
    columns = ["median ms", *(f"round {number + 1}" for number in range(rounds))]
    totals = {
        "OpenCV": [sum(each.values()) for each in theirs],
        "Freshet": [sum(each["stages"].values()) for each in ours],
    }
    ratios = [ours / theirs for ours, theirs in zip(totals["Freshet"], totals["OpenCV"])]
    rows = [(name, statistics.median(values), *values) for name, values in totals.items()]
    rows.append(("Freshet / OpenCV", statistics.median(ratios), *ratios))
    whole = [each["frame_ms"] for each in ours]
    rows.append(("whole frame of the app", statistics.median(whole), *whole))
    adapter = ours[0]["adapter"]
    report.table(f"Chain at 640x480, {frames} frames, OpenCV on {THREADS} threads, Freshet on {adapter}", columns, rows)
    parts = [(f"OpenCV {name}", value) for name, value in steps.items()] + [
        (f"Freshet {name}", value) for name, value in stages.items()
    ]
    report.table("Parts", ["median ms"], parts)
    return {"columns": columns, "rows": rows, "parts": parts, "adapter": adapter}


def opencv(pictures, target):
    """Median milliseconds of each step."""
    cv2.setNumThreads(THREADS)
    flow, orb = peers.dis("FAST"), peers.Orb()
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
    known_points, known = orb(target)
    taken = {name: [] for name in STEPS}

    def clock(name, step, *arguments):
        start = time.perf_counter()
        result = step(*arguments)
        taken[name].append(1e3 * (time.perf_counter() - start))
        return result

    def pose(points, matches):
        best = sorted(matches, key=lambda match: match.distance)[:BEST_MATCHES]
        here = np.float32([known_points[match.queryIdx] for match in best])
        there = np.float32([points[match.trainIdx] for match in best])
        return cv2.findHomography(here, there, cv2.RANSAC, peers.RANSAC_PIXELS)

    for previous, current in zip(pictures, pictures[1:]):
        clock("DIS FAST", flow, previous, current)
        points, descriptors = clock("ORB", orb, current)
        matches = clock("match", matcher.match, known, descriptors)
        clock("RANSAC", pose, points, matches)
    return {name: statistics.median(times[WARM_UP:]) for name, times in taken.items()}


def freshet(run, source, frames, target, path):
    """Median GPU milliseconds of each stage of the chain, and of a frame of the app."""
    run.run(
        "throughput",
        source,
        frames,
        "--target",
        target,
        "--set",
        "stages=chain",
        "--set",
        "flow=fast",
        "--report",
        path,
    )
    measured = programs.read_report(path)
    stages = {name: measured["stages"][name]["gpu_ms"]["median"] for name in OURS}
    return {"stages": stages, "frame_ms": measured["app"]["frame_ms"]["median"], "adapter": measured["adapter"]["name"]}
