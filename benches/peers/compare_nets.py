#!/usr/bin/env python3
"""Compares the tensors of two files (`output:NAME` and `layer:NAME`): ours first, then what it should be.

The relative error of a tensor is max|ours - theirs| / max|theirs|: it is what `--tolerance` is about. The other
column looks at each element by itself: max(|ours - theirs| / max(|theirs|, 0.001 * max|theirs|)), so that elements
near zero do not decide it alone. Exit status: 0 all within the tolerance, 1 not, 2 the files cannot be compared.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import nets  # noqa: F401  (finds the converters)
import net_file
from net_ops import BadNet

FLOOR = 1e-3


class NotComparable(Exception):
    """Why."""


def errors(ours, theirs):
    """(relative error of the tensor, the largest of its elements). Infinite where only one side is finite."""
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    finite = np.isfinite(ours) & np.isfinite(theirs)
    if not (same | finite).all():
        return np.inf, np.inf
    apart = np.where(same, 0.0, np.abs(np.where(finite, ours, 0.0) - np.where(finite, theirs, 0.0)))
    sizes = np.abs(np.where(np.isfinite(theirs), theirs, 0.0))
    largest = sizes.max(initial=0.0)
    if largest == 0.0:
        return (0.0, 0.0) if apart.max(initial=0.0) == 0.0 else (np.inf, np.inf)
    return apart.max() / largest, (apart / np.maximum(sizes, FLOOR * largest)).max()


def compared(ours, theirs, prefixes):
    """Names to compare. Raises NotComparable where an output is missing or inputs differ."""
    for name in set(ours) & set(theirs):
        if ours[name].shape != theirs[name].shape:
            raise NotComparable(f"{name} is {list(ours[name].shape)} here and {list(theirs[name].shape)} there")
        if name.startswith("input:") and not np.array_equal(ours[name], theirs[name]):
            raise NotComparable(f"{name} differs: these are not results of the same input")
    if missing := [name for name in theirs if name.startswith("output:") and name not in ours]:
        raise NotComparable(f"the first file has no {', '.join(missing)}")
    names = [name for name in theirs if name in ours and name.startswith(prefixes)]
    if not names:
        raise NotComparable("they have no tensor in common")
    return names


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ours", type=Path)
    parser.add_argument("theirs", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-3)
    parser.add_argument("--outputs-only", action="store_true", help="leave out layers")
    options = parser.parse_args(arguments)
    prefixes = ("output:",) if options.outputs_only else ("output:", "layer:")
    try:
        ours, theirs = (net_file.read_tensors(path)[0] for path in (options.ours, options.theirs))
        names = compared(ours, theirs, prefixes)
    except NotComparable as error:
        print(f"{options.ours}, {options.theirs}: {error}", file=sys.stderr)
        return 2
    except (BadNet, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    worst = 0.0
    width = max(map(len, names))
    for name in names:
        tensor, element = errors(ours[name], theirs[name])
        worst = max(worst, tensor)
        mark = "" if tensor <= options.tolerance else "  <-- above the tolerance"
        print(f"{name.ljust(width)}  {tensor:.2e}  by element {element:.2e}{mark}")
    print(f"largest relative error {worst:.2e}, tolerance {options.tolerance:.0e}, {len(names)} tensors")
    return 0 if worst <= options.tolerance else 1


if __name__ == "__main__":
    sys.exit(main())
