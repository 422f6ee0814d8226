"""Resize and the moves between depth and space."""

import math
from fractions import Fraction

from onnx_walk import Uncovered

CLOSE = 1e-4  # of a source pixel: how far our sampling places may lie from those of ONNX


def resize(walk, node):
    name, shape = node.inputs[0], walk.shape(node.inputs[0])
    node.demand("antialias", 0, 0)
    node.demand("exclude_outside", 0, 0)
    node.demand("keep_aspect_ratio_policy", "stretch", "stretch")
    node.attribute("extrapolation_value"), node.attribute("cubic_coeff_a")
    mode = node.demand("mode", "nearest", "nearest", "linear", "bilinear")
    scales, sizes = wanted(walk, node, shape)
    if len(shape) not in (3, 4) or sizes[:2] != shape[:2]:
        raise Uncovered(f"from {shape} to {sizes}")
    kind = node.attribute("coordinate_transformation_mode", "half_pixel" if node.version >= 11 else "asymmetric")
    rounding = node.attribute("nearest_mode", "round_prefer_floor" if node.version >= 11 else "floor")
    fields = {"mode": "nearest" if mode == "nearest" else "linear"}
    theirs = [source_places(kind, *axis) for axis in zip(shape[2:], sizes[2:], scales[2:])]
    fields["coordinates"] = agreeing(fields["mode"], kind, rounding, theirs, shape[2:], sizes[2:])
    return resized(walk, node, walk.value(name), sizes, fields)


def resized(walk, node, value, sizes, fields):
    if len(sizes) == 4:
        return walk.emit(node, "resize", [value], size=sizes[2:], **fields)
    shape = walk.net.shapes[value]
    picture = walk.reshape(node, value, [*shape[:2], 1, shape[2]], "picture")
    large = walk.emit(node, "resize", [picture], "2d", size=[1, sizes[2]], **fields)
    return walk.reshape(node, large, sizes)


def wanted(walk, node, shape):
    """(scales, sizes) of all axes."""
    if node.kind == "Upsample":
        scales = walk.known(node, 1, "the scales") if node.version >= 9 else node.attribute("scales")
        sizes = None
    elif node.version >= 11:
        node.attribute("axes") if node.version >= 18 else None
        scales, sizes = walk.known(node, 2, "the scales"), walk.known(node, 3, "the sizes")
    else:
        scales, sizes = walk.known(node, 1, "the scales"), None
    axes = node.attribute("axes") or range(len(shape))
    exact, result = [Fraction(1)] * len(shape), list(shape)
    for place, axis in enumerate(axes):
        if sizes is not None and len(sizes):
            result[axis] = int(sizes[place])
            exact[axis] = Fraction(result[axis], shape[axis])
        else:
            exact[axis] = Fraction(float(scales[place])).limit_denominator(10_000)
            result[axis] = math.floor(shape[axis] * float(scales[place]) + 1e-6)
    return exact, result


def source_places(kind, size, count, scale):
    """Where ONNX samples: exact places along one axis."""
    if kind == "half_pixel" or kind == "pytorch_half_pixel" and count > 1:
        return [(Fraction(2 * index + 1, 2)) / scale - Fraction(1, 2) for index in range(count)]
    if kind == "pytorch_half_pixel":
        return [Fraction(0)] * count
    if kind == "asymmetric":
        return [index / scale for index in range(count)]
    if kind == "align_corners":
        return [Fraction(index * (size - 1), count - 1) if count > 1 else Fraction(0) for index in range(count)]
    raise Uncovered(f"coordinate_transformation_mode = {kind}")


def our_places(kind, size, count):
    return source_places(kind, size, count, Fraction(count, size))


def agreeing(mode, kind, rounding, theirs, sizes, counts):
    """The rule of ours that samples the same pixels, if there is one."""
    for ours in ("half_pixel", "asymmetric", "align_corners"):
        if all(agree(mode, ours, rounding, *axis) for axis in zip(theirs, sizes, counts)):
            return ours
    raise Uncovered(f"{mode} with coordinate_transformation_mode = {kind}, nearest_mode = {rounding}")


def agree(mode, ours, rounding, theirs, size, count):
    if mode == "nearest":
        return [clamped(rounded(place, rounding), size) for place in theirs] == our_nearest(ours, size, count)
    both = zip(theirs, our_places(ours, size, count))
    return all(abs(clamped(here, size) - clamped(there, size)) < CLOSE for here, there in both)


def our_nearest(kind, size, count):
    """The pixel that holds the sampling place: unlike ONNX, no rounding of a place between two pixel centres."""
    if kind == "asymmetric":
        return [index * size // count for index in range(count)]
    if kind == "half_pixel":
        return [(2 * index + 1) * size // (2 * count) for index in range(count)]
    return [index * (size - 1) // max(count - 1, 1) for index in range(count)]


def clamped(place, size):
    return min(max(place, 0), size - 1)


def rounded(place, rounding):
    if rounding == "floor":
        return math.floor(place)
    if rounding == "ceil":
        return math.ceil(place)
    if rounding == "round_prefer_floor":
        return math.ceil(place - Fraction(1, 2))
    if rounding == "round_prefer_ceil":
        return math.floor(place + Fraction(1, 2))
    raise Uncovered(f"nearest_mode = {rounding}")


def depth_to_space(walk, node):
    (batch, channels, height, width), factor = walk.shape(node.inputs[0]), node.attribute("blocksize")
    value = walk.value(node.inputs[0])
    if node.demand("mode", "DCR", "DCR", "CRD") == "CRD":
        return walk.emit(node, "pixel_shuffle", [value], factor=factor)
    out = channels // factor**2
    parts = walk.reshape(node, value, [batch, factor, factor, out, height, width], "parts")
    turned = walk.emit(node, "transpose", [parts], "turned", axes=[0, 3, 4, 1, 5, 2])
    return walk.reshape(node, turned, [batch, out, height * factor, width * factor])


def space_to_depth(walk, node):
    (batch, channels, height, width), factor = walk.shape(node.inputs[0]), node.attribute("blocksize")
    rows, columns = height // factor, width // factor
    parts = walk.reshape(node, walk.value(node.inputs[0]), [batch, channels, rows, factor, columns, factor], "parts")
    turned = walk.emit(node, "transpose", [parts], "turned", axes=[0, 3, 5, 1, 2, 4])
    return walk.reshape(node, turned, [batch, channels * factor**2, rows, columns])


OPERATORS = {
    "Resize": resize,
    "Upsample": resize,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
}
