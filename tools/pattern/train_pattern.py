"""Chooses the 256 box comparisons of the descriptor and writes them as the table of the features stage.

    python train_pattern.py [--seed 1]        needs numpy and opencv-python-headless

Own data only: pictures drawn here (shapes, strokes, fractal noise), each seen a second time through a random similarity with a little
perspective, other light, blur and noise. Pairs of patches at the same corner (with the errors a detector makes in place, angle and scale)
should agree in a bit, patches of different corners should not. Bits are chosen one by one, as in boosting (BEBLID, Suarez et al. 2020),
all with equal weight and with a threshold each (BAD, Suarez et al. 2021): the next bit is the candidate that best separates the pairs that the bits so far
separate worst. Deterministic by seed.
"""
import argparse
import pathlib
import cv2, numpy as np

CELLS, STEP, BITS = 16, 2.0, 256
PICTURES, CORNERS, CANDIDATES = 120, 110, 5000
SHRINKAGE = 0.08
TABLE = pathlib.Path(__file__).resolve().parents[2] / "plugins/vision/src/stages/features/pattern.rs"
HEAD = """//! Which boxes each bit of a descriptor compares: made by `tools/pattern/train_pattern.py --seed {seed}`, not by hand.
//!
//! Two words a bit. The low one: place (`y * 17 + x`) and side of box a in 9 and 4 bits, then the same of box b. The
//! high one: the threshold of their difference, the bits of an `f32`.

/// One entry for each of the 256 bits.
"""


def fractal(rng, side):
    picture = np.zeros((side, side), np.float32)
    octave, strength = 4, 1.0
    fall = rng.uniform(0.45, 0.9)
    while octave <= side:
        picture += strength * cv2.resize(rng.normal(0, 1, (octave, octave)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
        octave, strength = octave * 2, strength * fall
    picture -= picture.min()
    return picture * (255 / picture.max())


def drawing(rng, side=400):
    """A made-up scene: shapes of all sizes on a textured ground, drawn large and reduced so that edges are soft."""
    ground = fractal(rng, side * 2)
    picture = np.clip(ground * rng.uniform(0.1, 0.9) + rng.uniform(0, 150), 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(40, 260))):
        size = float(np.exp(rng.uniform(np.log(6), np.log(160))))
        at = rng.uniform(0, side * 2, 2)
        colour = int(rng.integers(0, 256))
        kind = int(rng.integers(0, 5))
        if kind == 0:
            angle = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
            points = at + size * rng.uniform(0.3, 1, (len(angle), 1)) * np.c_[np.cos(angle), np.sin(angle)]
            cv2.fillPoly(picture, [points.astype(np.int32)], colour, cv2.LINE_AA)
        elif kind == 1:
            axes = (max(int(size * rng.uniform(0.2, 1)), 1), max(int(size * rng.uniform(0.2, 1)), 1))
            cv2.ellipse(picture, tuple(int(v) for v in at), axes, float(rng.uniform(0, 180)), 0, 360, colour, -1 if rng.random() < 0.6 else int(rng.integers(1, 8)), cv2.LINE_AA)
        elif kind == 2:
            points = at + np.cumsum(rng.normal(0, size * 0.4, (int(rng.integers(2, 7)), 2)), 0)
            cv2.polylines(picture, [points.astype(np.int32)], False, colour, int(rng.integers(1, 9)), cv2.LINE_AA)
        elif kind == 3:
            angle = rng.uniform(0, np.pi)
            box = cv2.boxPoints(((float(at[0]), float(at[1])), (size, float(size * rng.uniform(0.2, 1))), float(np.degrees(angle))))
            cv2.fillPoly(picture, [box.astype(np.int32)], colour, cv2.LINE_AA)
        else:
            text = "".join(chr(int(c)) for c in rng.integers(33, 127, int(rng.integers(1, 8))))
            cv2.putText(picture, text, tuple(int(v) for v in at), int(rng.integers(0, 8)), float(np.clip(size / 30, 0.4, 4)), colour, int(rng.integers(1, 5)), cv2.LINE_AA)
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)


def smooth(picture):
    line = np.array([1, 4, 6, 4, 1], np.float32) / 16
    return cv2.sepFilter2D(picture.astype(np.float32), cv2.CV_32F, line, line)


def corners(picture, rng):
    gx, gy = cv2.Sobel(picture, cv2.CV_32F, 1, 0, ksize=1), cv2.Sobel(picture, cv2.CV_32F, 0, 1, ksize=1)
    window = np.array([1, 2, 3, 4, 3, 2, 1], np.float32) / 16
    a, b, c = (cv2.sepFilter2D(v, cv2.CV_32F, window, window) for v in (gx * gx, gx * gy, gy * gy))
    r = a * c - b * b - 0.04 * (a + c) ** 2
    top = (r == cv2.dilate(r, np.ones((5, 5)))) & (r > 20)
    top[:70] = top[-70:] = False
    top[:, :70] = top[:, -70:] = False
    y, x = np.nonzero(top)
    order = np.argsort(-r[y, x] * rng.uniform(0.05, 1, len(x)))[:CORNERS]
    return np.c_[x, y][order].astype(np.float64)


def patches(picture, points, angles):
    cell = (np.arange(CELLS) - (CELLS - 1) / 2) * STEP
    u, v = np.meshgrid(cell, cell)
    c, s = np.cos(angles)[:, None, None], np.sin(angles)[:, None, None]
    x = points[:, 0, None, None] + u * c - v * s
    y = points[:, 1, None, None] + u * s + v * c
    return cv2.remap(picture, x.reshape(-1, CELLS).astype(np.float32), y.reshape(-1, CELLS).astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(-1, CELLS, CELLS)


def pairs(seed):
    """Patches of the same corners seen twice, each less its mean and over its deviation, and the picture each comes from."""
    firsts, seconds, source = [], [], []
    for number in range(PICTURES):
        rng = np.random.default_rng([seed, number])
        picture = drawing(rng)
        side = picture.shape[0]
        scale, turn = float(np.exp(rng.uniform(np.log(0.78), np.log(1.28)))), rng.uniform(-np.pi, np.pi)
        tilt = rng.uniform(0.6, 1.0)
        direction = rng.uniform(0, np.pi)
        rotate = lambda t: np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
        linear = scale * rotate(turn) @ rotate(direction) @ np.diag([1, tilt]) @ rotate(-direction) / np.sqrt(tilt)
        middle = np.array([(side - 1) / 2] * 2)
        matrix = np.c_[linear, middle - linear @ middle]
        seen = cv2.warpAffine(cv2.GaussianBlur(picture, (0, 0), 0.5) if scale < 0.9 else picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT).astype(np.float32)
        if rng.random() < 0.4:
            seen = cv2.GaussianBlur(seen, (0, 0), float(rng.uniform(0.4, 1.8)))
        seen = 255 * rng.uniform(0.4, 1.3) * (np.clip(seen, 0, 255) / 255) ** rng.uniform(0.6, 1.7) + rng.uniform(-25, 25)
        seen = np.clip(seen + rng.normal(0, rng.uniform(0, 14), seen.shape), 0, 255).round()
        still = np.clip(picture + rng.normal(0, rng.uniform(0, 4), picture.shape), 0, 255).round()
        found = corners(smooth(still), rng)
        if len(found) < 10:
            continue
        place = found @ matrix[:, :2].T + matrix[:, 2]
        inside = ((place > 30) & (place < side - 31)).all(1)
        found, place = found[inside], place[inside]
        n = len(found)
        angles = rng.uniform(-np.pi, np.pi, n)
        # The angle of the corner as the affine map turns it, and a detector's errors.
        ahead = np.c_[np.cos(angles), np.sin(angles)] @ linear.T
        turned = np.arctan2(ahead[:, 1], ahead[:, 0]) + rng.normal(0, np.radians(7), n)
        firsts.append(patches(smooth(still), found + rng.normal(0, 0.3, (n, 2)), angles))
        seconds.append(patches(smooth(seen), place + rng.normal(0, 0.6, (n, 2)), turned))
        source.append(np.full(n, number))
    norm = lambda p: (p - p.mean((1, 2), keepdims=True)) / np.maximum(p.std((1, 2), keepdims=True), 0.5)
    return norm(np.concatenate(firsts)), norm(np.concatenate(seconds)), np.concatenate(source)


def candidate_boxes(rng, count):
    """(x, y, side) of two boxes that do not overlap wholly; small sides are likelier."""
    out = []
    while len(out) < count:
        boxes = []
        for _ in range(2):
            side = int(rng.choice([1, 2, 3, 4, 5, 6, 7, 8], p=[0.10, 0.22, 0.22, 0.16, 0.12, 0.08, 0.06, 0.04]))
            boxes.append((*(int(v) for v in rng.integers(0, CELLS - side + 1, 2)), side))
        if boxes[0] != boxes[1]:
            out.append(boxes)
    return np.array(out)


def box_means(table, boxes):
    x, y, side = boxes[:, 0], boxes[:, 1], boxes[:, 2]
    sums = table[:, y + side, x + side] - table[:, y, x + side] - table[:, y + side, x] + table[:, y, x]
    return sums / (side * side).astype(np.float32)


def integral(p):
    return np.pad(p.cumsum(1).cumsum(2), ((0, 0), (1, 0), (1, 0))).astype(np.float32)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, default=1)
    seed = options.parse_args().seed
    rng = np.random.default_rng([seed, 99])
    first, second, source = pairs(seed)
    count = len(first)
    # Wrong partners: half from the same picture (a neighbour in the list), half from anywhere.
    other = np.where(rng.random(count) < 0.5, np.roll(np.arange(count), -int(rng.integers(1, 4))), rng.permutation(count))
    other = np.where(other == np.arange(count), (other + 1) % count, other)
    print(count, "pairs from", len(np.unique(source)), "pictures", flush=True)
    boxes = candidate_boxes(rng, CANDIDATES)
    tables = integral(first), integral(second)
    agreement = np.empty((CANDIDATES, 2 * count), np.int8)
    thresholds = np.empty(CANDIDATES, np.float32)
    for start in range(0, CANDIDATES, 250):
        part = slice(start, start + 250)
        left, right = (box_means(t, boxes[part, 0]) - box_means(t, boxes[part, 1]) for t in tables)
        spread = left.std(0)
        best = np.full(left.shape[1], -np.inf)
        for level in np.linspace(-0.9, 0.9, 13):
            threshold = (level * spread).astype(np.float32)
            a, b = left > threshold, right > threshold
            value = (a == b).mean(0) - (a == b[other]).mean(0)
            better = value > best
            best[better] = value[better]
            thresholds[start + np.nonzero(better)[0]] = threshold[better]
        a, b = left > thresholds[part], right > thresholds[part]
        agreement[part, :count] = np.where(a == b, 1, -1).T
        agreement[part, count:] = np.where(a == b[other], -1, 1).T  # sign of the label taken in
    chosen, score = [], np.zeros(2 * count, np.float32)
    for bit in range(BITS):
        weight = np.exp(-SHRINKAGE * score)
        weight[:count] /= weight[:count].sum()
        weight[count:] /= weight[count:].sum()
        gain = np.concatenate([agreement[i:i + 500].astype(np.float32) @ weight for i in range(0, CANDIDATES, 500)])
        gain[chosen] = -np.inf
        best = int(np.argmax(gain))
        chosen.append(best)
        score += agreement[best]
        if bit % 32 == 31:
            same, apart = (bit + 1 - score[:count]) / 2, (bit + 1 + score[count:]) / 2
            limit = np.percentile(apart, 1)
            print(f"{bit + 1} bits: same {same.mean():.1f}, apart {apart.mean():.1f}; of the same {np.mean(same < limit):.3f} nearer than 1 % of the others", flush=True)
    write(boxes[chosen], thresholds[chosen], seed)


def write(boxes, thresholds, seed):
    words = []
    for (a, b), t in zip(boxes, thresholds):
        pack = lambda q: int(q[1]) * 17 + int(q[0])
        words.append((pack(a) | int(a[2]) << 9 | pack(b) << 13 | int(b[2]) << 22, int(np.float32(round(float(t), 4)).view(np.uint32))))
    rows = ",\n".join(f"    [0x{a:08x}, 0x{b:08x}]" for a, b in words)
    with open(TABLE, "w") as table:
        table.write(HEAD.format(seed=seed) + f"pub(crate) const PATTERN: [[u32; 2]; {BITS}] = [\n{rows},\n];\n")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
