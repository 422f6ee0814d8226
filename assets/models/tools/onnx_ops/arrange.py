"""What moves values and computes nothing: reshape, transpose, slices, joins, pads."""

import numpy as np

from onnx_walk import Uncovered

MOST_PIECES = 64  # that one operator may be cut into


def same(walk, node):
    if node.kind == "Dropout":
        node.attribute("ratio"), node.attribute("seed")
        node.only_first_output(walk.used)
        training = walk.known(node, 2, "whether it trains")
        if training is not None and training.any():
            raise Uncovered("training_mode = 1")
    return walk.value(node.inputs[0])


def cast(walk, node):
    kind = np.dtype(onnx_type(node.attribute("to")))
    node.attribute("saturate"), node.attribute("round_mode")
    name = node.inputs[0]
    if kind.kind in "iu" and name in walk.whole_numbers:
        return walk.value(name)
    if kind.kind != "f":
        raise Uncovered(f"to = {kind}")
    return walk.value(name)


def onnx_type(number):
    from onnx import helper

    return np.float32 if number == 16 else helper.tensor_dtype_to_np_dtype(number)  # 16 is bfloat16


def reshape(walk, node):
    shape, wanted = walk.shape(node.inputs[0]), [int(size) for size in walk.known(node, 1, "the shape")]
    if not node.attribute("allowzero", 0):
        wanted = [shape[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    return walk.reshape(node, walk.value(node.inputs[0]), resolved(shape, wanted))


def resolved(shape, wanted):
    rest = int(np.prod([size for size in wanted if size != -1]))
    return [int(np.prod(shape)) // max(rest, 1) if size == -1 else size for size in wanted]


def flatten(walk, node):
    shape, axis = walk.shape(node.inputs[0]), node.attribute("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    return walk.reshape(node, walk.value(node.inputs[0]), [int(np.prod(shape[:axis])), int(np.prod(shape[axis:]))])


def axes_given(walk, node):
    axes = walk.known(node, 1, "the axes") if node.version >= 13 else node.attribute("axes")
    return None if axes is None else [int(axis) for axis in np.asarray(axes).reshape(-1)]


def squeeze(walk, node):
    shape, axes = walk.shape(node.inputs[0]), axes_given(walk, node)
    gone = (
        {axis for axis, size in enumerate(shape) if size == 1} if axes is None else {axis % len(shape) for axis in axes}
    )
    return walk.reshape(node, walk.value(node.inputs[0]), [size for axis, size in enumerate(shape) if axis not in gone])


def unsqueeze(walk, node):
    shape, axes = list(walk.shape(node.inputs[0])), axes_given(walk, node)
    rank = len(shape) + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        shape.insert(axis, 1)
    return walk.reshape(node, walk.value(node.inputs[0]), shape)


def transpose(walk, node):
    rank = len(walk.shape(node.inputs[0]))
    axes = node.attribute("perm", list(range(rank))[::-1])
    return walk.emit(node, "transpose", [walk.value(node.inputs[0])], axes=list(axes))


def concat(walk, node):
    rank = len(walk.shape(node.inputs[0]))
    axis = node.attribute("axis", 1) % rank
    values = [walk.value(name) for name in node.inputs]
    return walk.emit(node, "concat", values, axis=axis) if len(values) > 1 else values[0]


def split(walk, node):
    shape, axis = walk.shape(node.inputs[0]), node.attribute("axis", 0)
    axis %= len(shape)
    sizes = walk.known(node, 1, "the sizes") if node.version >= 13 else node.attribute("split")
    count = node.attribute("num_outputs", len(node.outputs))
    if sizes is None:
        part = -(-shape[axis] // count)
        sizes = [min(part, shape[axis] - start) for start in range(0, shape[axis], part)]
    value, ends = walk.value(node.inputs[0]), np.cumsum(sizes)
    return [
        walk.net.layer("slice", [value], name, axis=axis, start=int(end - size), end=int(end), step=1)
        for name, size, end in zip(node.outputs, sizes, ends)
    ]


def cut(walk, node):
    """Slice: a layer for each axis that it shortens."""
    shape = walk.shape(node.inputs[0])
    if node.version >= 10:
        given = [
            walk.known(node, place, what) for place, what in ((1, "starts"), (2, "ends"), (3, "axes"), (4, "steps"))
        ]
    else:
        given = [node.attribute(name) for name in ("starts", "ends", "axes")] + [None]
    starts, ends, axes, steps = given
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    value = walk.value(node.inputs[0])
    cuts = []
    for axis, start, end, step in zip(axes, starts, ends, steps):
        if step < 1:
            raise Uncovered(f"steps = {int(step)}")
        axis = int(axis) % len(shape)
        first, last, step = slice(int(start), int(end), int(step)).indices(shape[axis])
        if (first, last, step) != (0, shape[axis], 1):
            cuts.append((axis, first, last, step))
    return sliced(walk, node, value, cuts)


def sliced(walk, node, value, cuts):
    for place, (axis, first, last, step) in enumerate(cuts, start=1):
        part = None if place == len(cuts) else f"axis {axis}"
        value = walk.emit(node, "slice", [value], part, axis=axis, start=first, end=last, step=step)
    return value


def pad(walk, node):
    node.demand("mode", "constant", "constant")
    shape = walk.shape(node.inputs[0])
    if node.version >= 11:
        pads, fill, axes = (
            walk.known(node, place, what) for place, what in ((1, "pads"), (2, "the value"), (3, "axes"))
        )
    else:
        pads, fill, axes = node.attribute("pads"), node.attribute("value", 0.0), None
    axes = list(range(len(shape))) if axes is None else [int(axis) % len(shape) for axis in axes]
    before, after = [0] * len(shape), [0] * len(shape)
    for place, axis in enumerate(axes):
        before[axis], after[axis] = int(pads[place]), int(pads[place + len(axes)])
    value = walk.value(node.inputs[0])
    shorter = [
        (axis, max(-before[axis], 0), size - max(-after[axis], 0), 1)
        for axis, size in enumerate(shape)
        if before[axis] < 0 or after[axis] < 0
    ]
    before, after = ([max(count, 0) for count in counts] for counts in (before, after))
    if not any(before + after):
        return sliced(walk, node, value, shorter)
    for axis, first, last, _ in shorter:
        value = walk.emit(node, "slice", [value], f"axis {axis}", axis=axis, start=first, end=last, step=1)
    fill = 0.0 if fill is None else float(np.asarray(fill).reshape(-1)[0])
    if not np.isfinite(fill):
        raise Uncovered(f"its value is {fill}")
    return walk.emit(node, "pad", [value], before=before, after=after, value=fill)


def gather(walk, node):
    """From a known table it is an embedding; with known places it is slices."""
    axis = node.attribute("axis", 0)
    if walk.is_known(node.inputs[0]):
        table = walk.values[node.inputs[0]]
        if axis % table.ndim != 0 or table.ndim != 2:
            raise Uncovered(f"a table of {table.ndim} axes along axis {axis}")
        return walk.emit(node, "embedding", [walk.value(node.inputs[1])], weight=walk.net.tensor(node.inputs[0], table))
    shape, places = walk.shape(node.inputs[0]), walk.known(node, 1, "the places")
    axis %= len(shape)
    value = picked(walk, node, walk.value(node.inputs[0]), axis, places.reshape(-1) % shape[axis], places.ndim == 1)
    return walk.reshape(node, value, [*shape[:axis], *places.shape, *shape[axis + 1 :]])


def picked(walk, node, value, axis, places, is_last):
    """The elements at these places of an axis."""
    runs = even_runs(places.tolist())
    if len(runs) > MOST_PIECES:
        raise Uncovered(f"its places make {len(runs)} pieces, more than {MOST_PIECES}")
    pieces = []
    for number, (first, last, step) in enumerate(runs):
        part = None if is_last and len(runs) == 1 else f"run {number}"
        pieces.append(walk.emit(node, "slice", [value], part, axis=axis, start=first, end=last, step=step))
    if len(pieces) == 1:
        return pieces[0]
    return walk.emit(node, "concat", pieces, None if is_last else "runs", axis=axis)


def even_runs(places):
    """(first, end, step) of pieces with even, growing steps that make up the places."""
    runs, start = [], 0
    while start < len(places):
        step = places[start + 1] - places[start] if start + 1 < len(places) else 1
        stop = start + 1
        while step > 0 and stop < len(places) and places[stop] - places[stop - 1] == step:
            stop += 1
        runs.append((places[start], places[stop - 1] + 1, max(step, 1)))
        start = stop
    return runs


def expand(walk, node):
    shape, wanted = walk.shape(node.inputs[0]), walk.known(node, 1, "the shape")
    wanted = [int(size) for size in wanted]
    rank = max(len(shape), len(wanted))
    have, want = ([1] * (rank - len(sizes)) + list(sizes) for sizes in (shape, wanted))
    grown = [size if old == 1 else 1 for old, size in zip(have, want)]
    if max(grown, default=1) == 1:
        return walk.reshape(node, walk.value(node.inputs[0]), have)
    zeros = walk.constant(f"{node.outputs[0]}/zeros", np.zeros(grown, np.float32))
    return walk.emit(node, "add", [walk.value(node.inputs[0]), zeros])


def tile(walk, node):
    repeats = [int(count) for count in walk.known(node, 1, "the repeats")]
    many = [(axis, count) for axis, count in enumerate(repeats) if count != 1]
    value = walk.value(node.inputs[0])
    for place, (axis, count) in enumerate(many, start=1):
        if not 1 <= count <= MOST_PIECES:
            raise Uncovered(f"it repeats {count} times")
        value = walk.emit(node, "concat", [value] * count, None if place == len(many) else f"axis {axis}", axis=axis)
    return value


OPERATORS = {
    "Identity": same,
    "Dropout": same,
    "Cast": cast,
    "Reshape": reshape,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Transpose": transpose,
    "Concat": concat,
    "Split": split,
    "Slice": cut,
    "Pad": pad,
    "Gather": gather,
    "Expand": expand,
    "Tile": tile,
}
