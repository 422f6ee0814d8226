"""Sequences of one poster in front of a camera, with exact poses.

`angle`: turns by up to 60 degrees. `distance`: from 0.3 m to 3 m and back. `blur`: swings so fast that the
open shutter smears it. `light`: gains from a quarter to four, slowly and in jumps. `occlusion`: something
covers half of it, then all, then goes. `noise`: a deviation of 8 grey levels. `still`: nothing moves. `fast`:
up to 40 px a frame. `none`: the poster is not there, other posters and grounds are.

A poster lies in its own plane z = 0 with its centre in the origin, x right, y down; the camera looks along
+z. Pixels are means over their area: 4x4 samples each, of a texture level whose texels are no smaller than a
sample. Truth is the pose at the middle of the exposure.
"""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np

import paint
from geometry import outer_corners, project

SUPERSAMPLING = 4
FIELD_OF_VIEW_DEGREES = 60.0
TARGET_METRES = 0.24
FRAMES = {
    "angle": 240,
    "distance": 240,
    "blur": 160,
    "light": 240,
    "occlusion": 260,
    "noise": 160,
    "still": 160,
    "fast": 160,
    "none": 1000,
}
SENSOR_NOISE = 1.0  # grey levels, in every sequence that names no other


@dataclass
class Target:
    picture: np.ndarray
    width_metres: float = TARGET_METRES
    levels: list = field(default_factory=list)

    def __post_init__(self):
        self.levels = [self.picture.astype(np.float32)]
        while min(self.levels[-1].shape) >= 8:
            above = self.levels[-1]
            even = above[: above.shape[0] // 2 * 2, : above.shape[1] // 2 * 2]
            self.levels.append((even[0::2, 0::2] + even[1::2, 0::2] + even[0::2, 1::2] + even[1::2, 1::2]) / 4)

    @property
    def size(self):
        return self.picture.shape[1], self.picture.shape[0]

    @property
    def metres(self):
        width, height = self.size
        return self.width_metres, self.width_metres * height / width

    def plane_from_pixels(self):
        scale = self.width_metres / self.size[0]
        width, height = self.metres
        return np.array([[scale, 0, 0.5 * scale - width / 2], [0, scale, 0.5 * scale - height / 2], [0, 0, 1]])

    def corners(self):
        return outer_corners(*self.size)


@dataclass
class Pose:
    rotation: np.ndarray
    translation: np.ndarray


def rotation(x_degrees=0.0, y_degrees=0.0, z_degrees=0.0):
    """Turns about x, then y, then z."""
    x, y, z = np.radians([x_degrees, y_degrees, z_degrees])
    about_x = np.array([[1, 0, 0], [0, math.cos(x), -math.sin(x)], [0, math.sin(x), math.cos(x)]])
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    about_z = np.array([[math.cos(z), -math.sin(z), 0], [math.sin(z), math.cos(z), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


class Camera:
    def __init__(self, size):
        self.size = size
        focal = size[0] / 2 / math.tan(math.radians(FIELD_OF_VIEW_DEGREES) / 2)
        self.intrinsics = (focal, focal, (size[0] - 1) / 2, (size[1] - 1) / 2)

    def matrix(self):
        fx, fy, cx, cy = self.intrinsics
        return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])

    def homography(self, target, pose):
        plane = np.c_[pose.rotation[:, 0], pose.rotation[:, 1], pose.translation]
        homography = self.matrix() @ plane @ target.plane_from_pixels()
        return homography / homography[2, 2]

    def looking_at(self, x, y, depth, turn):
        """The pose whose centre is seen at pixel (x, y) from the middle, for a 640 pixel wide picture."""
        fx, fy = self.intrinsics[:2]
        unit = self.size[0] / 640
        return Pose(turn, np.array([x * unit * depth / fx, y * unit * depth / fy, depth]))


def cover(canvas, target, homography):
    """Draws a target over a float picture. Returns the share of each pixel that it covers."""
    height, width = canvas.shape
    shares = np.zeros((height, width), np.float32)
    outline = project(homography, target.corners())
    low = np.maximum(np.floor(outline.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(outline.max(0)).astype(int) + 2, [width, height])
    if np.any(high <= low):
        return shares
    # Sample coordinates: pixel x of the window covers samples 4x .. 4x + 3.
    factor = SUPERSAMPLING
    to_samples = np.array(
        [[factor, 0, (factor - 1) / 2 - factor * low[0]], [0, factor, (factor - 1) / 2 - factor * low[1]], [0, 0, 1.0]]
    )
    samples = to_samples @ homography
    size = tuple(int(side) for side in (high - low) * factor)

    width_px, height_px = target.size
    grid = np.array([[u * (width_px - 1), v * (height_px - 1)] for u in (0, 0.5, 1) for v in (0, 0.5, 1)])
    inside = project(homography, grid)
    near = np.all((inside > low - 40) & (inside < high + 40), 1)
    grid = grid[near] if near.any() else grid
    texels_per_sample = max(1 / max(shrinking(samples, point), 1e-6) for point in grid)
    level = int(np.clip(math.floor(math.log2(max(texels_per_sample, 1))), 0, len(target.levels) - 1))
    step = 2.0**level
    pixels_from_texels = np.array([[step, 0, (step - 1) / 2], [0, step, (step - 1) / 2], [0, 0, 1]])
    colour = cv2.warpPerspective(
        target.levels[level],
        samples @ pixels_from_texels,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    full = np.ones((height_px, width_px), np.uint8)
    mask = cv2.warpPerspective(full, samples, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT).astype(
        np.float32
    )
    window = (slice(low[1], high[1]), slice(low[0], high[0]))
    whole = tuple(int(side) for side in high - low)
    share = cv2.resize(mask, whole, interpolation=cv2.INTER_AREA)
    canvas[window] = canvas[window] * (1 - share) + cv2.resize(colour * mask, whole, interpolation=cv2.INTER_AREA)
    shares[window] = share
    return shares


def shrinking(homography, point):
    """The smaller singular value of a homography's derivative at a point."""
    x, y = point
    w = homography[2] @ [x, y, 1]
    mapped = homography[:2] @ [x, y, 1] / w
    derivative = (homography[:2, :2] - np.outer(mapped, homography[2, :2])) / w
    return np.linalg.svd(derivative, compute_uv=False)[1]


def area(polygon):
    x, y = polygon[:, 0], polygon[:, 1]
    return 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


@dataclass
class View:
    """What is in front of the camera at one instant."""

    background: np.ndarray  # 2x3, background px to frame px
    background_index: int = 0
    pose: Pose | None = None  # of the target
    occluder: np.ndarray | None = None  # homography of the covering picture
    decoy: tuple | None = None  # (which, pose) of a poster that nobody asked for


class Scene:
    """One sequence: `view(time)` says what is seen, the rest is how it is recorded."""

    def __init__(self, name, size=(640, 480), seed=0, frames=None):
        self.name, self.size, self.seed = name, size, seed
        self.frames = frames or FRAMES[name]
        self.camera = Camera(size)
        self.target = Target(paint.poster(seed * 100))
        self.backgrounds = [paint.clutter(seed * 10 + place) for place in range(6 if name == "none" else 1)]
        self.decoys = [Target(paint.poster(seed * 100 + 50 + place)) for place in range(4)] if name == "none" else []
        self.occluder = Target(paint.clutter(seed * 10 + 9, (400, 600)))
        self.unit = size[0] / 640

    # What moves how. Pixels are those of a picture 640 wide; time counts frames.

    def view(self, time):
        phase = time / max(self.frames - 1, 1)
        still = self.name == "still"
        pan = (0.0, 0.0) if still else (60 * math.sin(time * 0.021), 40 * math.sin(time * 0.017 + 1))
        view = View(background=self.background(*pan, 0.0 if still else 3 * math.sin(time * 0.013)))
        getattr(self, f"view_{self.name}")(view, time, phase)
        return view

    def background(self, x, y, degrees, index=0):
        height, width = self.backgrounds[min(index, len(self.backgrounds) - 1)].shape
        scale = max(1.25 * max(self.size[0] / width, self.size[1] / height), 0.62 * self.unit)
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
        turn[:, 2] += [self.size[0] / 2 - width / 2 + x * self.unit, self.size[1] / 2 - height / 2 + y * self.unit]
        return turn

    def held(self, time, x, y, depth, turns, amount=1.0):
        """A pose with the unrest of a hand."""
        x += amount * (5 * math.sin(time * 0.31) + 2.5 * math.sin(time * 0.83 + 1))
        y += amount * (4 * math.sin(time * 0.27 + 2) + 2.5 * math.sin(time * 0.71))
        turns = np.array(turns) + amount * 1.2 * np.sin(time * np.array([0.23, 0.19, 0.29]) + [0, 1, 2])
        return self.camera.looking_at(x, y, depth, rotation(*turns))

    def view_angle(self, view, time, phase):
        tilt = 60 * math.sin(phase * math.pi) ** 0.8
        towards = phase * 2 * math.pi * 1.5
        turns = (tilt * math.sin(towards), tilt * math.cos(towards), 12 * math.sin(phase * 7))
        turn = rotation(z_degrees=turns[2]) @ cv2.Rodrigues(np.radians([turns[0], turns[1], 0.0]))[0]
        pose = self.held(time, 0, 0, 0.5, (0, 0, 0))
        view.pose = Pose(pose.rotation @ turn, pose.translation)

    def view_distance(self, view, time, phase):
        depth = 0.3 * 10 ** (0.5 - 0.5 * math.cos(2 * math.pi * phase))
        view.pose = self.held(
            time, 40 * math.sin(phase * 5), 25 * math.sin(phase * 4), depth, (12, -18, 8), min(0.3 / depth, 1)
        )

    def view_blur(self, view, time, phase):
        strength = min(phase / 0.3, 1)
        x = 118 * strength * math.sin(0.25 * time)
        y = 60 * strength * math.sin(0.21 * time + 0.6)
        view.pose = self.held(time, x, y, 0.5, (10, 15, 5), 0.3)

    def view_light(self, view, time, phase):
        view.pose = self.held(
            time, 20 * math.sin(time * 0.05), 10 * math.cos(time * 0.04), 0.5, (15 * math.sin(time * 0.03), 20, 0)
        )

    def view_noise(self, view, time, phase):
        turns = (20 * math.sin(time * 0.05), 25 * math.sin(time * 0.037), 0)
        view.pose = self.held(time, 40 * math.sin(time * 0.06), 20 * math.cos(time * 0.05), 0.55, turns)

    def view_still(self, view, time, phase):
        view.pose = self.camera.looking_at(13.3, -8.7, 0.55, rotation(17, -22, 6))

    def view_fast(self, view, time, phase):
        x, y = 125 * math.sin(0.31 * time), 88 * math.cos(0.37 * time)
        view.pose = self.camera.looking_at(
            x, y, 0.6, rotation(8 * math.sin(0.3 * time), 10 * math.cos(0.2 * time), 10 * math.sin(0.12 * time))
        )

    def view_occlusion(self, view, time, phase):
        view.pose = self.held(
            time, 15 * math.sin(time * 0.04), 10 * math.cos(time * 0.05), 0.5, (12, 18 * math.sin(time * 0.02), 4), 0.7
        )
        # First to the half and to and fro, then over all of it for some frames, then away.
        if phase < 0.5:
            x = -330 + 240 * min(phase / 0.12, 1) + 36 * math.sin(time * 0.11)
            x = min(x, -75)
        elif phase < 0.75:
            x = -360 + 800 * np.interp(phase, [0.5, 0.58, 0.66, 0.75], [0.1, 0.45, 0.45, 1.0])
        else:
            x = 330 - 240 * min((phase - 0.75) / 0.1, 1)
        y, degrees = 10 * math.sin(time * 0.07), 9 * math.sin(time * 0.05)
        height, width = self.occluder.picture.shape
        scale = (420 if 0.5 <= phase < 0.75 else 190) / width * self.unit
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
        turn[:, 2] += [self.size[0] / 2 - width / 2 + x * self.unit, self.size[1] / 2 - height / 2 + y * self.unit]
        view.occluder = np.vstack([turn, [0, 0, 1]])

    def view_none(self, view, time, phase):
        chapter = int(phase * 5.999)
        view.background_index = chapter
        x, y = 110 * math.sin(time * 0.05), 90 * math.cos(time * 0.043)
        view.background = self.background(x, y, 20 * math.sin(time * 0.02), chapter)
        if chapter % 2 == 1:  # posters that nobody asked for
            decoy = chapter // 2
            x, y, depth = 120 * math.sin(time * 0.04), 60 * math.cos(time * 0.03), 0.55 + 0.2 * math.sin(time * 0.02)
            pose = self.held(time, x, y, depth, (25 * math.sin(time * 0.03), 20, 10))
            view.decoy = (decoy, pose)

    # How it is recorded.

    def exposure(self):
        """Share of the time between frames that the shutter is open, and samples within."""
        return (0.5, 17) if self.name == "blur" else (0.0, 1)

    def gain(self, time):
        if self.name != "light":
            return 1.0
        phase = time / max(self.frames - 1, 1)
        slow = np.interp(phase, [0, 0.08, 0.25, 0.33, 0.5, 0.58], [0, 0, 2, 0, -2, 0])
        steps = {0.60: 2, 0.66: 0, 0.70: -2, 0.76: 1, 0.80: -1, 0.84: 2, 0.90: -2, 0.95: 0}
        jump = [value for start, value in steps.items() if phase >= start]
        return 2.0 ** (jump[-1] if jump else slow)

    def noise(self):
        return {"noise": 8.0, "still": 2.0}.get(self.name, SENSOR_NOISE)

    def draw(self, view):
        """One instant, in float grey levels. Returns the picture and the share of the target that is seen."""
        source = self.backgrounds[view.background_index].astype(np.float32)
        canvas = cv2.warpAffine(
            source, view.background, self.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        if view.decoy is not None:
            decoy, pose = view.decoy
            cover(canvas, self.decoys[decoy], self.camera.homography(self.decoys[decoy], pose))
        if view.pose is None:
            return canvas, 0.0
        homography = self.camera.homography(self.target, view.pose)
        seen = cover(canvas, self.target, homography)
        if view.occluder is not None:
            seen = seen * (1 - cover(canvas, self.occluder, view.occluder))
        return canvas, float(seen.sum() / max(area(project(homography, self.target.corners())), 1e-6))

    def frame(self, index):
        """(picture, homography from target to frame or None, visible share of the target). Any order gives the same."""
        shutter, instants = self.exposure()
        offsets = shutter * ((np.arange(instants) + 0.5) / instants - 0.5)
        drawn = [self.draw(self.view(index + offset)) for offset in offsets]
        picture = sum(picture for picture, _ in drawn) / instants * self.gain(index)
        visible = min(sum(visible for _, visible in drawn) / instants, 1.0)
        pose = self.view(index).pose
        homography = None if pose is None else self.camera.homography(self.target, pose)
        return self.sensed(picture, index), homography, visible

    def ground(self):
        """The place without the target, before the first frame."""
        view = self.view(0)
        view.pose = view.occluder = view.decoy = None
        return self.sensed(self.draw(view)[0], self.frames)

    def sensed(self, picture, index):
        random = np.random.default_rng([self.seed, index])
        picture = picture + random.normal(0, self.noise(), picture.shape)
        return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
