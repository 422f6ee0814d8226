"""Runs the example programs and reads what they write.

Pictures go in as folders of PNG files, each frame once and in order (`--pace every`); results come back as
files. Nothing here knows how the programs work inside.
"""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
POINT = np.dtype([("x", "<f4"), ("y", "<f4"), ("rest", "V24")])  # the rest: scale, angle, response, level
DESCRIPTOR_BYTES = 32
LEARNT = re.compile(r"(\d+) targets are looked for")
COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")


class ProgramFailed(RuntimeError):
    """A program ended with an error, reported one of the GPU, or did not write what it was asked for."""


def default_folder():
    """Where cargo puts the examples of a debug build."""
    return Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "debug" / "examples"


def write_pictures(folder, pictures):
    """Writes grey or BGR pictures as a folder that the programs read as a film."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, picture in enumerate(pictures):
        if not cv2.imwrite(str(folder / f"{index:06}.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 1]):
            raise ProgramFailed(f"cannot write pictures to {folder}")
    return folder


class Programs:
    """The built examples in one folder."""

    def __init__(self, folder, seconds=3600):
        self.folder, self.seconds = Path(folder), seconds
        self.environment = {"XDG_RUNTIME_DIR": tempfile.gettempdir(), **os.environ, "RUST_LOG": "warn,freshet_ar=info"}

    def run(self, name, source, frames, *options):
        """Runs a program over all frames of a source and returns its log, or raises `ProgramFailed`."""
        program = self.folder / name
        if not program.is_file():
            remedy = f"build it with `cargo build --example {name}`, or say where it is with --programs"
            raise ProgramFailed(f"{program} is not there: {remedy}")
        command = [program, "--headless", "--source", source, "--pace", "every", "--frames", frames, *options]
        command = [str(word) for word in command]
        try:
            given = {"cwd": REPOSITORY, "env": self.environment, "timeout": self.seconds}
            done = subprocess.run(command, **given, capture_output=True, text=True)
        except subprocess.TimeoutExpired:
            raise ProgramFailed(f"{' '.join(command)}: not done after {self.seconds} s") from None
        said = COLOUR_CODES.sub("", done.stderr)
        if done.returncode != 0 or "Validation Error" in said:
            lines = [line for line in said.splitlines() if line.strip()]
            at = next((place for place, line in enumerate(lines) if "ERROR" in line), max(len(lines) - 8, 0))
            raise ProgramFailed(
                f"{' '.join(command)}: exit code {done.returncode}\n  " + "\n  ".join(lines[at : at + 8])
            )
        return said

    def flow(self, pairs, preset):
        """The flow of each pair (previous, current) of equally large pictures, as float arrays of dx, dy in pixels.

        All pairs go through one run, one after another; the flow from one pair to the next is left out.
        """
        with tempfile.TemporaryDirectory() as place:
            place = Path(place)
            source = write_pictures(place / "frames", [picture for pair in pairs for picture in pair])
            self.run("flow", source, 2 * len(pairs), "--export-flow", place / "flow", "--set", f"preset={preset}")
            return [read_flow(place / "flow" / f"{2 * index + 1:06}.flo") for index in range(len(pairs))]

    def features(self, pictures, capacity):
        """(points, descriptors) of each picture; pictures of one size go through one run."""
        by_size = {}
        for index, picture in enumerate(pictures):
            by_size.setdefault(picture.shape[:2], []).append(index)
        found = [None] * len(pictures)
        for indices in by_size.values():
            with tempfile.TemporaryDirectory() as place:
                place = Path(place)
                source = write_pictures(place / "frames", [pictures[index] for index in indices])
                folder = place / "features"
                self.run("features", source, len(indices), "--export-features", folder, "--set", f"capacity={capacity}")
                for sequence, index in enumerate(indices):
                    found[index] = read_features(folder / f"{sequence:06}.bin")
        return found

    def sightings(self, source, frames, targets, *options):
        """What `ar` sees in each frame, and how many targets it had learnt in the end.

        A frame is a dictionary target number -> homography, target pixels to frame pixels. Targets are learnt
        in the background while frames pass.
        """
        with tempfile.TemporaryDirectory() as place:
            record = Path(place) / "record.jsonl"
            asked = [word for target in targets for word in ("--target", target)]
            log = self.run("ar", source, frames, *asked, "--record", record, *options)
            learnt = LEARNT.findall(log)
            return read_sightings(record, frames), int(learnt[-1]) if learnt else 0


def read_file(path):
    if not path.is_file():
        raise ProgramFailed(f"{path.name} was not written")
    return path.read_bytes()


def read_flow(path):
    """A flow file of the Middlebury benchmark."""
    data = read_file(path)
    magic, (width, height) = data[:4], np.frombuffer(data, "<i4", 2, 4)
    if magic != b"PIEH" or len(data) != 12 + 8 * width * height:
        raise ProgramFailed(f"{path.name} is no flow file")
    return np.frombuffer(data, "<f4", 2 * width * height, 12).reshape(height, width, 2)


def read_features(path):
    """A features file: count and capacity, then points of 32 bytes, then descriptors of 32 bytes."""
    data = read_file(path)
    count, capacity = np.frombuffer(data, "<u4", 2)
    if count > capacity or len(data) != 8 + count * (POINT.itemsize + DESCRIPTOR_BYTES):
        raise ProgramFailed(f"{path.name} is no features file")
    points = np.frombuffer(data, POINT, count, 8)
    descriptors = np.frombuffer(data, np.uint8, count * DESCRIPTOR_BYTES, 8 + count * POINT.itemsize)
    return np.c_[points["x"], points["y"]].astype(np.float64), descriptors.reshape(count, DESCRIPTOR_BYTES)


def read_sightings(path, frames):
    seen = [None] * frames
    for line in read_file(path).decode().splitlines():
        frame = json.loads(line)
        if frame["seq"] < frames:
            targets = frame["attachments"].get("targets", [])
            tracked = [target for target in targets if target["state"] == "tracking"]
            seen[frame["seq"]] = {target["target"]: np.reshape(target["homography"], (3, 3)) for target in tracked}
    missing = [index for index, frame in enumerate(seen) if frame is None]
    if missing:
        raise ProgramFailed(f"the record lacks {len(missing)} of {frames} frames, the first is {missing[0]}")
    return seen


def read_report(path):
    return json.loads(read_file(path))
