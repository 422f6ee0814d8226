"""The photographs that pairs, series and targets are made from: the samples that come with OpenCV."""

import cv2

NAMES = [
    "aloeL.jpg",
    "basketball1.png",
    "box_in_scene.png",
    "building.jpg",
    "home.jpg",
    "messi5.jpg",
    "rubberwhale1.png",
    "left01.jpg",
]
QUICK = ["box_in_scene.png", "rubberwhale1.png"]


def grey(folder, name, most=None):
    """A photograph as grey values, made smaller if it is larger than `most` (width, height)."""
    path = folder / name
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
    if picture is None:
        raise SystemExit(f"{path} is not there or no picture: --data names a folder with the samples of OpenCV")
    factor = min(1.0, *(side / own for side, own in zip(most, picture.shape[::-1]))) if most else 1.0
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else picture
