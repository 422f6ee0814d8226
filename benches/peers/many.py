"""Twenty targets at once, out of a database of a thousand made-up pictures."""

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
LEAD_IN = 4  # frames of grey, before the scene
FRAMES = 120
RIGHT = 10.0  # px; a target that is seen farther off is a false sighting
TRACKERS = ["ORB + RANSAC", "Freshet"]


def run(kit):
    database, frames = (100, 60) if kit.quick else (DATABASE, FRAMES)
    pictures = [crowd.picture(kit.seed * 100_000 + number) for number in range(database)]
    random = np.random.default_rng(kit.seed)
    shown = sorted(int(number) for number in random.choice(database, COLUMNS * ROWS, replace=False))
    ground, truth = crowd.scene(kit.seed, SIZE, {number: pictures[number] for number in shown}, COLUMNS, ROWS)
    noisy = [np.clip(np.rint(ground + random.normal(0, NOISE, ground.shape)), 0, 255).astype(np.uint8) for _ in range(frames)]
    cv2.imwrite(str(kit.out / "many.png"), noisy[0])
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        source = programs.write_pictures(place / "frames", [np.full(SIZE[::-1], 128, np.uint8)] * LEAD_IN + noisy)
        folder = programs.write_pictures(place / "targets", pictures)
        seen = kit.programs.sightings(source, LEAD_IN + frames, [folder], "--target-width", 0.1)[LEAD_IN:]

    theirs = orb(noisy[-1], pictures, shown)
    sizes = {number: pictures[number].shape[::-1] for number in range(database)}
    rows = [(method, *last_row(found, truth, sizes)) for method, found in zip(TRACKERS, (theirs, seen[-1]))]
    columns = [f"right, of {len(shown)}", "mean corner error, px", "largest, px", "false"]
    report.table(f"{len(shown)} targets of {database} in one scene of {SIZE[0]}x{SIZE[1]}, last of {frames} frames, seed {kit.seed}", columns, rows)
    print("(ORB is told which targets are there and looks for no others)")
    history = [len(judged(frame, truth, sizes)[0]) for frame in seen]
    false = sum(judged(frame, truth, sizes)[1] for frame in seen)
    print(f"Freshet, targets right after each frame: {history}; false sightings in all frames: {false}")
    return {"columns": columns, "rows": rows, "right_after_each_frame": history, "false_in_all_frames": false, "shown": shown}


def orb(frame, pictures, shown):
    features = peers.Orb()(frame)
    found = {number: peers.OrbTracker(pictures[number])(frame, features) for number in shown}
    return {number: homography for number, homography in found.items() if homography is not None}


def judged(found, truth, sizes):
    """The corner errors of what was seen where it is, and how many were seen elsewhere or are not there."""
    errors = {}
    for number, homography in found.items():
        if number in truth and number in sizes:
            errors[number] = geometry.corner_errors(homography, truth[number], sizes[number]).mean()
    right = [error for error in errors.values() if error <= RIGHT]
    return right, len(found) - len(right)


def last_row(found, truth, sizes):
    right, false = judged(found, truth, sizes)
    return len(right), np.mean(right) if right else None, max(right, default=None), false
