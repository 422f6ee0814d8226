"""Matrix products: linear where the second matrix is known, matmul otherwise."""

import numpy as np

from onnx_walk import Uncovered


def gemm(walk, node):
    alpha, beta = node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    first, second = node.inputs[:2]
    value = walk.value(first)
    if node.attribute("transA", 0):
        value = walk.emit(node, "transpose", [value], "turned", axes=[1, 0])
    transposed = bool(node.attribute("transB", 0))
    last = None if node.given(2) is None or beta == 0 else "product"
    if not walk.is_known(second):
        product = walk.emit(node, "matmul", [value, walk.value(second)], "product", transpose_b=transposed)
        product = scaled(walk, node, product, alpha, "scaled")
        return added(walk, node, product, node.given(2) if beta else None, beta)
    weight = walk.values[second] if transposed else walk.values[second].T
    weight = walk.net.tensor(second, weight if alpha == 1.0 else weight * np.float32(alpha))
    bias = known_bias(walk, node, walk.net.tensor_shape(weight)[0], beta) if last else None
    if bias is not None:
        return walk.emit(node, "linear", [value], weight=weight, bias=walk.net.tensor(node.inputs[2], bias))
    return added(
        walk, node, walk.emit(node, "linear", [value], last, weight=weight), node.given(2) if last else None, beta
    )


def known_bias(walk, node, size, beta):
    """The third operand as [O], or None where it is not one for each column."""
    name = node.inputs[2]
    if not walk.is_known(name) or walk.shape(name)[:-1] not in ([], [1]):
        return None
    return np.broadcast_to(walk.values[name].reshape(-1), [size]) * np.float32(beta)


def scaled(walk, node, value, factor, part=None):
    if factor == 1.0:
        return value
    name = f"{node.outputs[0]}/factor"
    return walk.emit(node, "mul", [value, walk.constant(name, np.array([factor], np.float32))], part)


def added(walk, node, value, name, beta):
    if name is None:
        return value
    third = scaled(walk, node, walk.value(name), beta, "third")
    return walk.emit(node, "add", [value, third])


def matmul(walk, node):
    first, second = node.inputs
    shapes = walk.shape(first), walk.shape(second)
    if walk.is_known(second) and len(shapes[1]) == 2 and not walk.is_known(first):
        weight = walk.net.tensor(second, walk.values[second].T)
        return walk.emit(node, "linear", [walk.value(first)], weight=weight)
    if not shapes[0] or not shapes[1]:
        raise Uncovered("an operand without axes")
    a, b = walk.value(first), walk.value(second)
    if len(shapes[0]) == 1:
        a = walk.reshape(node, a, [1, *shapes[0]], "row")
    if len(shapes[1]) == 1:
        b = walk.reshape(node, b, [*shapes[1], 1], "column")
    if min(map(len, shapes)) > 1:
        return walk.emit(node, "matmul", [a, b], transpose_b=False)
    product = walk.emit(node, "matmul", [a, b], "product", transpose_b=False)
    shape = list(walk.net.shapes[product])
    if len(shapes[1]) == 1:
        del shape[-1]
    if len(shapes[0]) == 1:
        del shape[-1 if len(shapes[1]) == 1 else -2]
    return walk.reshape(node, product, shape)


OPERATORS = {"Gemm": gemm, "MatMul": matmul}
