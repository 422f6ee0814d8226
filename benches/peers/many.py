"""Twenty targets at once, out of a database of a thousand made-up pictures.

Where every frame counts, `ar` opens its source when all targets are learnt, so the first frame of the scene
finds the whole database.
"""

import tempfile
from pathlib import Path

import cv2
import numpy as np

import crowd
import geometry
import peers
import programs
import report

SIZE = (1280, 960)
COLUMNS, ROWS = 5, 4
DATABASE = 1000
NOISE = 3.0
FRAMES, QUICK_FRAMES = 120, 30
QUICK_DATABASE = 60
RIGHT = 10.0  # px; a target that is seen farther off is a false sighting


def run(kit):
    database, frames = (QUICK_DATABASE, QUICK_FRAMES) if kit.quick else (DATABASE, FRAMES)
    pictures = [crowd.picture(kit.seed * 100_000 + number) for number in range(database)]
    random = np.random.default_rng(kit.seed)
    shown = sorted(int(number) for number in random.choice(database, COLUMNS * ROWS, replace=False))
    ground, homographies = crowd.scene(kit.seed, SIZE, {number: pictures[number] for number in shown}, COLUMNS, ROWS)
    truth = {number: (homographies[number], pictures[number].shape[::-1]) for number in shown}
    noisy = [ground + random.normal(0, NOISE, ground.shape) for _ in range(frames)]
    noisy = [np.clip(np.rint(picture), 0, 255).astype(np.uint8) for picture in noisy]
    cv2.imwrite(str(kit.out / "many.png"), noisy[0])
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        source = programs.write_pictures(place / "frames", noisy)
        folder = programs.write_pictures(place / "targets", pictures)
        seen, learnt = kit.programs.sightings(source, frames, [folder], "--target-width", 0.1)

    ours = [judged(frame, truth) for frame in seen]
    theirs = judged(orb(noisy[-1], pictures, shown), truth)
    columns = [f"right, of {len(shown)}", "mean corner error, px", "largest, px", "false"]
    rows = [("ORB + RANSAC", *row(theirs)), ("Freshet", *row(ours[-1]))]
    title = f"{len(shown)} targets of {database} at {SIZE[0]}x{SIZE[1]}, last of {frames} frames, seed {kit.seed}"
    report.table(title, columns, rows)
    print("(ORB is told which targets are there and looks for no others)")
    history = [len(right) for right, _ in ours]
    false = sum(false for _, false in ours)
    named = sum(number == place for number, place in named_places(seen[-1], truth))
    print(f"Freshet, targets right after each frame: {history}; false sightings in all frames: {false}")
    print(f"targets learnt in the end: {learnt} of {database}")
    print(f"numbers of the record that are places on the command line: {named} of {len(seen[-1])}")
    counts = {
        "right_after_each_frame": history,
        "false_in_all_frames": false,
        "learnt": learnt,
        "numbers_in_order": named,
    }
    return {"columns": columns, "rows": rows, **counts, "shown": shown}


def orb(frame, pictures, shown):
    features = peers.Orb()(frame)
    found = {number: peers.OrbTracker(pictures[number])(frame, features) for number in shown}
    return {number: homography for number, homography in found.items() if homography is not None}


def judged(found, truth):
    """The corner errors of what was seen where a target is, and how many sightings are elsewhere or double.

    Which target a sighting means is told by where it is: a program may number targets in an order of its own.
    """
    right = {}
    for homography in found.values():
        error, number = nearest(homography, truth)
        if error <= RIGHT:
            right.setdefault(number, error)
    return list(right.values()), len(found) - len(right)


def nearest(homography, truth):
    """The target whose corners a homography fits best, as (mean corner error, number)."""
    return min(
        (float(geometry.corner_errors(homography, right, size).mean()), number)
        for number, (right, size) in truth.items()
    )


def named_places(found, truth):
    return [(number, nearest(homography, truth)[1]) for number, homography in found.items()]


def row(judgement):
    right, false = judgement
    return len(right), np.mean(right) if right else None, max(right, default=None), false
