"""A poster before a moving camera: the sequences of `scenes.py`, beside ORB + RANSAC in every frame.

Before each sequence the empty ground is shown for some frames, while the target is learnt; they do not count.
"""

import tempfile
from pathlib import Path

import cv2
import numpy as np

import geometry
import peers
import programs
import report
import scenes

LEAD_IN = 8  # frames of the empty ground
VISIBLE = 0.25  # a target that shows less is not asked for
ASTRAY = 20.0  # px; farther off is no measurement of accuracy, but a mistake, and counted apart
CLOSE = 5.0  # px
SETTLING = 5  # frames that the jitter of a still picture leaves out
METHODS = ["ORB", "Freshet"]
QUICK = {"still": 24, "fast": 24, "occlusion": 60, "none": 24}


def run(kit):
    frames = QUICK if kit.quick else scenes.FRAMES
    results = {name: sequence(kit, name, count) for name, count in frames.items()}
    tracked = {name: result for name, result in results.items() if name != "none"}
    columns = [
        f"{what} {method}"
        for what in ("mean px", "p95 px", "within 5 px %", "astray %", "first frame")
        for method in METHODS
    ]
    keys = ["mean_px", "p95_px", "within_5_px_percent", "astray_percent", "first_frame"]
    rows = [(name, *(result[method][key] for key in keys for method in METHODS)) for name, result in tracked.items()]
    title = f"Sequences 640x480, seed {kit.seed}: errors up to {ASTRAY:.0f} px, shares of frames that show the target"
    report.table(title, columns, rows)
    others = []
    if "still" in results:
        others.append(
            ("still: deviation of a corner, px", *(results["still"][method]["jitter_px"] for method in METHODS))
        )
    if "occlusion" in results:
        gone = results["occlusion"]
        others.append(
            ("occlusion: frames until found again", *(str(gone[method]["found_again_after"]) for method in METHODS))
        )
    if "none" in results:
        label = f"none: false sightings in {frames['none']} frames"
        others.append((label, *(results["none"][method]["false_sightings"] for method in METHODS)))
    report.table("Of single sequences", METHODS, others)
    return {"columns": columns, "rows": rows, "others": others, "sequences": results}


def sequence(kit, name, frames):
    scene = scenes.Scene(name, seed=kit.seed, frames=frames)
    tracker = peers.OrbTracker(scene.target.picture)
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        target = place / "target.png"
        cv2.imwrite(str(target), scene.target.picture)
        pictures, truth, theirs = [], [], []
        for index in range(frames):
            picture, homography, visible = scene.frame(index)
            pictures.append(picture)
            truth.append((homography, visible))
            theirs.append(tracker(picture))
        source = programs.write_pictures(place / "frames", [scene.ground()] * LEAD_IN + pictures)
        seen, _ = kit.programs.sightings(source, LEAD_IN + frames, [target], "--target-width", scenes.TARGET_METRES)
    ours = [frame.get(0) for frame in seen[LEAD_IN:]]
    measure = count_false if name == "none" else figures
    return {method: measure(found, truth, scene.target) for method, found in zip(METHODS, (theirs, ours))}


def count_false(found, truth, target):
    return {"false_sightings": sum(homography is not None for homography in found)}


def figures(found, truth, target):
    """What one side did in one sequence."""
    asked = [(homography, right) for homography, (right, visible) in zip(found, truth) if visible >= VISIBLE]
    errors = np.array([error(homography, right, target) for homography, right in asked])
    near = errors[errors <= ASTRAY]
    return {
        "mean_px": near.mean() if len(near) else None,
        "p95_px": np.percentile(near, 95) if len(near) else None,
        "within_5_px_percent": 100 * np.mean(errors <= CLOSE),
        "astray_percent": 100 * np.mean((errors > ASTRAY) & np.isfinite(errors)),
        "first_frame": next((index for index, homography in enumerate(found) if homography is not None), None),
        "jitter_px": jitter(found, target),
        "found_again_after": gaps(found, truth, target),
    }


def error(homography, right, target):
    return np.inf if homography is None else float(geometry.corner_errors(homography, right, target.size).mean())


def jitter(found, target):
    """The largest standard deviation of a coordinate of a corner."""
    corners = [geometry.project(homography, target.corners()).ravel() for homography in found if homography is not None]
    return float(np.std(corners[SETTLING:], axis=0).max()) if len(corners) > SETTLING + 1 else None


def gaps(found, truth, target):
    """For each time that the target was hidden: frames from when it shows again until it is seen where it is."""
    after, shows_since = [], None
    hidden = False
    for index, (homography, (right, visible)) in enumerate(zip(found, truth)):
        if visible < VISIBLE:
            hidden, shows_since = True, None
        elif hidden:
            hidden, shows_since = False, index
        if shows_since is not None and error(homography, right, target) <= ASTRAY:
            after.append(index - shows_since)
            shows_since = None
    return after
