"""Tables on the screen, the same numbers as JSON, and pictures."""

import json
import math

import cv2
import numpy as np


def table(title, columns, rows):
    """Prints rows (label, values ...) under their columns. Floats have three digits, None reads as a dash."""
    cells = [["", *columns]] + [[label, *map(text, values)] for label, *values in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    print(f"\n{title}", flush=True)
    for row in cells:
        print(
            "  ".join([row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]),
            flush=True,
        )


def text(value):
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    return f"{value:.3f}" if isinstance(value, float | np.floating) else str(value)


def save(folder, name, results):
    """Writes results as FOLDER/NAME.json; what is not a finite number becomes null."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(plain(results), indent=2) + "\n")
    print(f"results in {path}", flush=True)


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def colour_wheel(flow, full):
    """Flow as colours: hue is direction, saturation is length (`full` pixels and more are fully saturated)."""
    hue = ((np.arctan2(flow[..., 1], flow[..., 0]) + np.pi) / (2 * np.pi) * 180).astype(np.uint8) % 180
    saturation = (np.clip(np.hypot(flow[..., 0], flow[..., 1]) / full, 0, 1) * 255).astype(np.uint8)
    return cv2.cvtColor(np.dstack([hue, saturation, np.full(hue.shape, 255, np.uint8)]), cv2.COLOR_HSV2BGR)


def labelled(picture, label):
    picture = picture.copy()
    cv2.putText(picture, label, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 4, cv2.LINE_AA)
    cv2.putText(picture, label, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    return picture
