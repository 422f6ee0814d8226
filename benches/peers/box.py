"""A box in a cluttered scene, one photograph of each: corners of what `ar` sees against SIFT with MAGSAC++."""

import tempfile
from pathlib import Path

import cv2
import numpy as np

import geometry
import peers
import photographs
import programs
import report

FRAMES = 10


def run(kit):
    target, scene = (photographs.grey(kit.data, name) for name in ("box.png", "box_in_scene.png"))
    size = target.shape[::-1]
    reference = peers.sift_homography(target, scene)
    with tempfile.TemporaryDirectory() as place:
        source = programs.write_pictures(Path(place), [scene] * FRAMES)
        seen, _ = kit.programs.sightings(source, FRAMES, [kit.data / "box.png"], "--target-width", 0.2)
    found = {"Freshet": seen[-1].get(0), "ORB + RANSAC": peers.OrbTracker(target)(scene)}
    rows = [(method, *corner_row(homography, reference, size)) for method, homography in found.items()]
    columns = ["top left", "top right", "bottom right", "bottom left", "largest"]
    report.table("Box in scene: distance of the corners from those of SIFT + MAGSAC++, px", columns, rows)
    first = next((index for index, frame in enumerate(seen) if 0 in frame), None)
    print(f"Freshet sees the box from frame {first} of {FRAMES} on")
    picture(kit, scene, size, {"SIFT + MAGSAC++": reference, **found})
    return {
        "columns": columns,
        "rows": rows,
        "first_frame": first,
        "homographies": {"SIFT + MAGSAC++": reference, **found},
    }


def corner_row(homography, reference, size):
    if homography is None:
        return [None] * 5
    errors = geometry.corner_errors(homography, reference, size)
    return [*errors, errors.max()]


def picture(kit, scene, size, homographies):
    drawn = cv2.cvtColor(scene, cv2.COLOR_GRAY2BGR)
    for colour, homography in zip([(60, 200, 60), (40, 40, 240), (240, 160, 40)], homographies.values()):
        if homography is not None:
            corners = geometry.project(homography, geometry.outer_corners(*size))
            cv2.polylines(drawn, [np.rint(corners * 16).astype(np.int32)], True, colour, 1, cv2.LINE_AA, 4)
    path = kit.out / "box_in_scene.png"
    cv2.imwrite(str(path), drawn)
    print(f"picture in {path} (green: SIFT, red: Freshet, blue: ORB)")
