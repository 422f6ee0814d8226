#!/usr/bin/env python3
"""Compares Freshet with OpenCV on the same pictures. README.md says what each part measures."""

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2

import box
import chain
import features
import flow
import many
import programs
import report
import sequences

PARTS = {"flow": flow, "features": features, "box": box, "sequences": sequences, "many": many, "chain": chain}


@dataclass
class Kit:
    """What every part is given."""

    data: Path
    programs: programs.Programs
    out: Path
    seed: int
    quick: bool


def main():
    folder, out = programs.default_folder(), programs.REPOSITORY / "out" / "peers"
    parser = argparse.ArgumentParser(description=__doc__)

    def path(option, meaning, **more):
        parser.add_argument(option, type=Path, metavar="DIR", help=meaning, **more)

    parser.add_argument("part", choices=[*PARTS, "all"])
    path("--data", "folder with the sample pictures of OpenCV", required=True)
    path("--programs", "folder with the built examples (default: %(default)s)", default=folder)
    path("--out", "where results go (default: %(default)s)", default=out)
    parser.add_argument(
        "--seed", type=int, default=11, metavar="S", help="seed of all that is made up (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="few pictures and frames: shows that all works")
    options = parser.parse_args()
    built = programs.Programs(options.programs.resolve())
    kit = Kit(options.data.resolve(), built, options.out.resolve(), options.seed, options.quick)
    kit.out.mkdir(parents=True, exist_ok=True)
    failed = [name for name in (PARTS if options.part == "all" else [options.part]) if not succeeds(name, kit)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def succeeds(name, kit):
    """Runs a part and saves its results. A program that fails ends the part, not those that follow."""
    start = time.monotonic()
    try:
        results = PARTS[name].run(kit)
    except programs.ProgramFailed as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False
    about = {"opencv": cv2.__version__, "seed": kit.seed, "quick": kit.quick}
    about |= {"load": os.getloadavg()[0], "seconds": time.monotonic() - start}
    report.save(kit.out, name, {"about": about, **results})
    return True


if __name__ == "__main__":
    main()
