"""What the parts about nets share: where the converters are, and how times are summed up."""

import os
import statistics
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = Path(os.environ.get("FRESHET_MODEL_TOOLS", REPOSITORY / "assets" / "models" / "tools"))
sys.path.insert(0, str(TOOLS))

NAMES = ["resnet18", "mobilenet_v2", "blaze_face", "yunet", "pfld"]


def summary(seconds):
    """Median and spread, in milliseconds. The least suffers least from what else the machine does."""
    ordered = sorted(1e3 * each for each in seconds)

    def at(share):
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    about = {"median_ms": statistics.median(ordered), "least_ms": ordered[0], "p10_ms": at(0.1), "p90_ms": at(0.9)}
    return about | {"runs": len(ordered)}


def load():
    """Of the machine, over the last minute."""
    return round(os.getloadavg()[0], 2)
