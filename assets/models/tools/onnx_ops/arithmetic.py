"""Functions of each element, of two values, and along axes."""

import math

import numpy as np

from onnx_walk import Uncovered

LIKE_OURS = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "HardSwish": "hard_swish",
    "Mish": "mish",
    "Exp": "exp",
    "Sqrt": "sqrt",
    "Abs": "abs",
    "Neg": "neg",
    "Erf": "erf",
}
BINARY = {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div"}
FOLDED = {"Sum": "add", "Max": "max", "Min": "min", "Mean": "add"}
REDUCED = {"ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "max_over"}


def number(walk, node, value, what):
    """A constant of one element, as a value of the net."""
    return walk.constant(f"{node.outputs[0]}/{what}", np.array([value], np.float32))


def unary(walk, node):
    return walk.emit(node, LIKE_OURS[node.kind], [walk.value(node.inputs[0])])


def gelu(walk, node):
    kind = node.demand("approximate", "none", "none", "tanh")
    return walk.emit(node, "gelu" if kind == "none" else "gelu_tanh", [walk.value(node.inputs[0])])


def swish(walk, node):
    node.demand("alpha", 1.0, 1.0)
    return walk.emit(node, "silu", [walk.value(node.inputs[0])])


def leaky_relu(walk, node):
    return walk.emit(node, "leaky_relu", [walk.value(node.inputs[0])], slope=node.attribute("alpha", 0.01))


def elu(walk, node):
    return walk.emit(node, "elu", [walk.value(node.inputs[0])], alpha=node.attribute("alpha", 1.0))


def selu(walk, node):
    alpha, gamma = (
        node.attribute("alpha", 1.67326319217681884765625),
        node.attribute("gamma", 1.05070102214813232421875),
    )
    curved = walk.emit(node, "elu", [walk.value(node.inputs[0])], "elu", alpha=alpha)
    return walk.emit(node, "mul", [curved, number(walk, node, gamma, "gamma")])


def hard_sigmoid(walk, node):
    alpha, beta = node.attribute("alpha", 0.2), node.attribute("beta", 0.5)
    value = walk.value(node.inputs[0])
    if math.isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5:
        return walk.emit(node, "hard_sigmoid", [value])
    steep = walk.emit(node, "mul", [value, number(walk, node, alpha, "alpha")], "steep")
    moved = walk.emit(node, "add", [steep, number(walk, node, beta, "beta")], "moved")
    return walk.emit(node, "clip", [moved], min=0.0, max=1.0)


def clip(walk, node):
    least, most = node.attribute("min"), node.attribute("max")
    if node.version >= 11:
        least, most = (walk.known(node, place, what) for place, what in ((1, "the least"), (2, "the most")))
    least, most = (None if bound is None else float(np.asarray(bound).item()) for bound in (least, most))
    return walk.emit(node, "clip", [walk.value(node.inputs[0])], min=finite(least), max=finite(most))


def finite(bound):
    """A bound that bounds something; JSON has no infinity."""
    return bound if bound is not None and abs(bound) < np.finfo(np.float32).max else None


def prelu(walk, node):
    value, shape = walk.value(node.inputs[0]), walk.shape(node.inputs[0])
    slope = walk.shape(node.inputs[1])
    aligned = [1] * (len(shape) - len(slope)) + slope
    by_channel = all(size == 1 for axis, size in enumerate(aligned) if axis != 1)
    if walk.is_known(node.inputs[1]) and (by_channel or math.prod(slope) == 1):
        name = walk.net.tensor(node.inputs[1], walk.values[node.inputs[1]].reshape(-1))
        return walk.emit(node, "prelu", [value], slope=name)
    above = walk.emit(node, "relu", [value], "above")
    below = walk.emit(node, "clip", [value], "below", max=0.0)
    sloped = walk.emit(node, "mul", [below, walk.value(node.inputs[1])], "sloped")
    return walk.emit(node, "add", [above, sloped])


def binary(walk, node):
    if node.kind == "Div" and any(name in walk.whole_numbers for name in node.inputs):
        raise Uncovered("division of whole numbers")
    return walk.emit(node, BINARY[node.kind], [walk.value(name) for name in node.inputs])


def power(walk, node):
    value = walk.value(node.inputs[0])
    if walk.is_known(node.inputs[1]) and walk.values[node.inputs[1]].size == 1:
        exponent = float(walk.values[node.inputs[1]].item())
        if exponent == 2.0 and len(walk.shape(node.inputs[1])) <= len(walk.shape(node.inputs[0])):
            return walk.emit(node, "mul", [value, value])  # `pow` of negative numbers is not defined everywhere
        if exponent == 0.5:
            return walk.emit(node, "sqrt", [value])
    return walk.emit(node, "pow", [value, walk.value(node.inputs[1])])


def reciprocal(walk, node):
    return walk.emit(node, "div", [number(walk, node, 1.0, "one"), walk.value(node.inputs[0])])


def folded(walk, node):
    """Operators of many values, pair by pair."""
    values = [walk.value(name) for name in node.inputs]
    count, result = len(values), values[0]
    for place, value in enumerate(values[1:], start=2):
        last = place == count and node.kind != "Mean"
        result = walk.emit(node, FOLDED[node.kind], [result, value], None if last else f"of {place}")
    if node.kind == "Mean" and count > 1:
        return walk.emit(node, "mul", [result, number(walk, node, 1 / count, "share")])
    return result


def axes_of(walk, node, since):
    """Axes to reduce: an attribute before version `since`, an input from then on. Empty means all."""
    rank = len(walk.shape(node.inputs[0]))
    given = walk.known(node, 1, "the axes") if node.version >= since else node.attribute("axes")
    empty_is_none = node.attribute("noop_with_empty_axes", 0)
    if given is None or len(given) == 0:
        return [] if empty_is_none else list(range(rank))
    return sorted(int(axis) % rank for axis in given)


def reduced(walk, node):
    axes = axes_of(walk, node, 13 if node.kind == "ReduceSum" else 18)
    keep, value = bool(node.attribute("keepdims", 1)), walk.value(node.inputs[0])
    shape = walk.shape(node.inputs[0])
    if not axes:
        return value
    if not keep and len(axes) == len(shape):
        raise Uncovered("a result without axes")
    if node.kind == "ReduceMean" and axes == [2, 3] and len(shape) == 4:
        pooled = walk.emit(node, "global_avg_pool2d", [value], None if keep else "pooled")
        return pooled if keep else walk.reshape(node, pooled, shape[:2])
    return walk.emit(node, REDUCED[node.kind], [value], axes=axes, keep=keep)


def reduced_min(walk, node):
    axes = axes_of(walk, node, 18)
    keep = bool(node.attribute("keepdims", 1))
    if not keep and len(axes) == len(walk.shape(node.inputs[0])):
        raise Uncovered("a result without axes")
    below = walk.emit(node, "neg", [walk.value(node.inputs[0])], "negative")
    return walk.emit(node, "neg", [walk.emit(node, "max_over", [below], "largest", axes=axes, keep=keep)])


def length(walk, node):
    """ReduceL2 and ReduceSumSquare."""
    axes = axes_of(walk, node, 18)
    keep, value = bool(node.attribute("keepdims", 1)), walk.value(node.inputs[0])
    if not keep and len(axes) == len(walk.shape(node.inputs[0])):
        raise Uncovered("a result without axes")
    squares = walk.emit(node, "mul", [value, value], "squares")
    if node.kind == "ReduceSumSquare":
        return walk.emit(node, "sum", [squares], axes=axes, keep=keep)
    return walk.emit(node, "sqrt", [walk.emit(node, "sum", [squares], "sum", axes=axes, keep=keep)])


OPERATORS = {
    **dict.fromkeys(LIKE_OURS, unary),
    **dict.fromkeys(BINARY, binary),
    **dict.fromkeys(FOLDED, folded),
    **dict.fromkeys(REDUCED, reduced),
    "Gelu": gelu,
    "Swish": swish,
    "LeakyRelu": leaky_relu,
    "Elu": elu,
    "Selu": selu,
    "HardSigmoid": hard_sigmoid,
    "Clip": clip,
    "PRelu": prelu,
    "Pow": power,
    "Reciprocal": reciprocal,
    "ReduceMin": reduced_min,
    "ReduceL2": length,
    "ReduceSumSquare": length,
}
