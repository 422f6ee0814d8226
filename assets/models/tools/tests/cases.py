"""Random small graphs, one function for each kind of operator: (model, inputs) from a generator of random numbers."""

import numpy as np

from conftest import build, node


def numbers(draw, *shape):
    return draw.standard_normal(shape).astype(np.float32)


def pick(draw, *choices):
    return choices[draw.integers(len(choices))]


def case(draw, nodes, shapes, constants=None, outputs=("y",), opset=18):
    model = build(nodes, shapes, constants, outputs, opset)
    return model, {name: numbers(draw, *shape) for name, shape in shapes.items()}


def window(draw, axes, kernel, sizes):
    """Attributes of a window that fits."""
    attributes = {"strides": draw.integers(1, 4, axes).tolist()}
    automatic = pick(draw, "NOTSET", "NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
    if automatic == "NOTSET" and draw.random() < 0.8:
        attributes["pads"] = [int(draw.integers(0, size)) for size in [*kernel, *kernel]]
    elif automatic != "NOTSET":
        attributes["auto_pad"] = automatic
        attributes["strides"] = [min(step, size) for step, size in zip(attributes["strides"], kernel)]
    return attributes


def conv(draw):
    axes, groups = pick(draw, 1, 2, 2), pick(draw, 1, 1, 2, 4)
    channels, out = groups * int(draw.integers(1, 4)), groups * int(draw.integers(1, 4))
    kernel, sizes = draw.integers(1, 6, axes).tolist(), draw.integers(12, 20, axes).tolist()
    attributes = window(draw, axes, kernel, sizes)
    attributes |= {"group": groups}
    if draw.random() < 0.5 and not attributes.get("auto_pad", "").startswith("SAME"):
        attributes["dilations"] = draw.integers(1, 3, axes).tolist()
    constants = {"w": numbers(draw, out, channels // groups, *kernel)}
    inputs = ["x", "w"]
    if draw.random() < 0.5:
        constants["b"] = numbers(draw, out)
        inputs.append("b")
    return case(draw, [node("Conv", inputs, **attributes)], {"x": [2, channels, *sizes]}, constants)


def conv_transpose(draw):
    axes, groups = pick(draw, 1, 2, 2), pick(draw, 1, 2, 3)
    channels, part = groups * int(draw.integers(1, 4)), int(draw.integers(1, 4))
    kernel, sizes = draw.integers(2, 5, axes).tolist(), draw.integers(4, 8, axes).tolist()
    strides = draw.integers(1, 4, axes).tolist()
    attributes = {"strides": strides, "group": groups, "kernel_shape": kernel}
    way = pick(draw, "pads", "pads", "auto", "shape")
    if way == "pads":
        attributes["pads"] = [int(draw.integers(0, size)) for size in [*kernel, *kernel]]
        attributes["output_padding"] = [int(draw.integers(0, step)) for step in strides]
        attributes["dilations"] = draw.integers(1, 3, axes).tolist()
    elif axes == 2 and way == "auto" and all(size >= step for size, step in zip(kernel, strides)):
        attributes["auto_pad"] = pick(draw, "SAME_UPPER", "SAME_LOWER")
    elif axes == 2 and way == "shape":
        attributes["output_shape"] = [
            (size - 1) * step + length - int(draw.integers(0, 2)) for size, step, length in zip(sizes, strides, kernel)
        ]
    constants = {"w": numbers(draw, channels, part, *kernel), "b": numbers(draw, part * groups)}
    return case(draw, [node("ConvTranspose", ["x", "w", "b"], **attributes)], {"x": [1, channels, *sizes]}, constants)


def norm_constants(draw, channels):
    names = ["scale", "shift", "mean", "variance"]
    constants = {name: numbers(draw, channels) for name in names}
    constants["variance"] = np.abs(constants["variance"]) + 0.3
    return names, constants


def folded_norm(draw):
    """Convolution, transposed convolution or product, then a batch norm; sometimes the first is read twice."""
    kind, groups = pick(draw, "Conv", "ConvTranspose", "Gemm"), pick(draw, 1, 2)
    names, constants = norm_constants(draw, 6)
    attributes = {"group": groups} if kind != "Gemm" else {}
    if kind == "Gemm":
        constants["w"], shape = numbers(draw, 5, 6), [3, 5]
    elif kind == "Conv":
        constants["w"], shape = numbers(draw, 6, 4 // groups, 3, 3), [1, 4, 7, 7]
    else:
        constants["w"], shape = numbers(draw, 4, 6 // groups, 3, 3), [1, 4, 5, 5]
    inputs = ["x", "w"]
    if draw.random() < 0.5:
        constants["b"] = numbers(draw, 6)
        inputs.append("b")
    nodes = [node(kind, inputs, ["c"], **attributes), node("BatchNormalization", ["c", *names], ["n"], epsilon=1e-3)]
    nodes.append(node("Relu", ["n"]) if draw.random() < 0.6 else node("Add", ["n", "c"]))
    return case(draw, nodes, {"x": shape}, constants)


def max_pool(draw):
    axes = pick(draw, 1, 2, 2)
    kernel, sizes = draw.integers(1, 5, axes).tolist(), draw.integers(8, 14, axes).tolist()
    attributes = window(draw, axes, kernel, sizes) | {"kernel_shape": kernel}
    if "auto_pad" not in attributes:
        attributes |= {"dilations": draw.integers(1, 3, axes).tolist(), "ceil_mode": int(draw.integers(2))}
    return case(draw, [node("MaxPool", ["x"], **attributes)], {"x": [2, 3, *sizes]})


def average_pool(draw):
    axes = pick(draw, 1, 2, 2)
    kernel, sizes = draw.integers(1, 5, axes).tolist(), draw.integers(8, 14, axes).tolist()
    attributes = window(draw, axes, kernel, sizes) | {
        "kernel_shape": kernel,
        "count_include_pad": int(draw.integers(2)),
    }
    if "auto_pad" not in attributes:
        attributes["ceil_mode"] = int(draw.integers(2))
    return case(draw, [node("AveragePool", ["x"], **attributes)], {"x": [2, 3, *sizes]}, opset=19)


def global_pool(draw):
    kind, axes = pick(draw, "GlobalAveragePool", "GlobalMaxPool"), pick(draw, 1, 2)
    return case(draw, [node(kind, ["x"])], {"x": [2, 5, *draw.integers(2, 7, axes).tolist()]})


def gemm(draw):
    rows, inner, columns = draw.integers(1, 6, 3).tolist()
    flags = {"transA": int(draw.integers(2)), "transB": int(draw.integers(2))}
    flags |= {"alpha": pick(draw, 1.0, 0.7), "beta": pick(draw, 1.0, 1.3)}
    shapes = {"x": [inner, rows] if flags["transA"] else [rows, inner]}
    second, third = (
        [columns, inner] if flags["transB"] else [inner, columns],
        pick(draw, [columns], [1, columns], [rows, 1], [1], [rows, columns]),
    )
    constants, inputs = {}, ["x", "w"]
    if draw.random() < 0.7:
        constants["w"] = numbers(draw, *second)
    else:
        shapes["w"] = second
    if draw.random() < 0.8:
        constants["c"] = numbers(draw, *third)
        inputs.append("c")
    return case(draw, [node("Gemm", inputs, **flags)], shapes, constants)


def matmul(draw):
    rows, inner, columns = draw.integers(1, 6, 3).tolist()
    first = pick(draw, [rows, inner], [2, rows, inner], [3, 2, rows, inner], [2, 1, rows, inner])
    second = pick(draw, [inner, columns], [inner, columns], [2, inner, columns], [1, 2, inner, columns])
    if draw.random() < 0.15 and len(first) > 1:
        first = [inner]
        second = [2, inner, columns]
    elif draw.random() < 0.15:
        second = [inner]
    shapes, constants = {"x": first}, {}
    if draw.random() < 0.5:
        constants["w"] = numbers(draw, *second)
    else:
        shapes["w"] = second
    nodes = [node("MatMul", ["x", "w"], ["m"])]
    wide = second[-1] if len(second) > 1 else 1
    constants["b"] = pick(draw, numbers(draw, wide), numbers(draw, 1))
    return case(draw, [*nodes, node("Add", ["b", "m"])], shapes, constants)


def batch_norm(draw):
    names, constants = norm_constants(draw, 5)
    shape = pick(draw, [2, 5], [2, 5, 7], [2, 5, 4, 3])
    return case(draw, [node("BatchNormalization", ["x", *names])], {"x": shape}, constants)


def layer_norm(draw):
    shape = [2, 3, 4, 5]
    axis = int(draw.integers(-3, 0))
    constants = {"w": numbers(draw, *shape[axis:])}
    inputs = ["x", "w"]
    if draw.random() < 0.6:
        constants["b"] = numbers(draw, *shape[axis:])
        inputs.append("b")
    return case(draw, [node("LayerNormalization", inputs, axis=axis, epsilon=1e-4)], {"x": shape}, constants)


def other_norms(draw):
    kind, version = pick(draw, ("InstanceNormalization", 18), ("GroupNormalization", 18), ("GroupNormalization", 21))
    attributes = {"num_groups": 3} if kind == "GroupNormalization" else {}
    each = 3 if (kind, version) == ("GroupNormalization", 18) else 6
    constants = {"w": numbers(draw, each), "b": numbers(draw, each)}
    return case(draw, [node(kind, ["x", "w", "b"], **attributes)], {"x": [2, 6, 5, 4]}, constants, opset=version)


def rms_norm(draw):
    nodes = [node("RMSNormalization", ["x", "w"], axis=-1, epsilon=1e-4)]
    return case(draw, nodes, {"x": [2, 3, 8]}, {"w": numbers(draw, 8)}, opset=23)


def lp_norm(draw):
    return case(draw, [node("LpNormalization", ["x"], axis=int(draw.integers(-1, 3)), p=2)], {"x": [2, 6, 5]})


def softmax(draw):
    kind, version = pick(draw, "Softmax", "LogSoftmax"), pick(draw, 11, 13, 18)
    axis = int(draw.integers(-3, 3)) if version >= 13 else int(draw.integers(0, 3))
    return case(draw, [node(kind, ["x"], axis=axis)], {"x": [2, 3, 5]}, opset=version)


def unary(draw):
    kinds = (
        "Relu Sigmoid Tanh HardSwish Mish Exp Abs Neg Erf Identity Reciprocal Elu Selu LeakyRelu HardSigmoid".split()
    )
    kind = pick(draw, *kinds)
    attributes = {"alpha": float(draw.random())} if kind in ("Elu", "LeakyRelu") and draw.random() < 0.7 else {}
    if kind == "HardSigmoid" and draw.random() < 0.7:
        attributes = pick(draw, {"alpha": 1 / 6, "beta": 0.5}, {"alpha": 0.3, "beta": 0.4})
    nodes = [node("Mul", ["x", "four"], ["z"]), node(kind, ["z"], **attributes)]
    return case(draw, nodes, {"x": pick(draw, [7], [2, 3, 4, 5])}, {"four": np.float32(4)})


def gelu(draw):
    kind = pick(draw, "none", "tanh")
    return case(draw, [node("Gelu", ["x"], approximate=kind)], {"x": [3, 50]}, opset=20)


def square_root(draw):
    nodes = [node("Abs", ["x"], ["a"]), node("Sqrt", ["a"], ["s"]), node("Pow", ["s", "p"])]
    return case(draw, nodes, {"x": [3, 5]}, {"p": np.float32(pick(draw, 2.0, 0.5, 3.0, 1.7))})


def clip(draw):
    if draw.random() < 0.3:
        return case(draw, [node("Clip", ["x"], min=-0.5, max=0.7)], {"x": [4, 5]}, opset=6)
    constants = {"low": np.float32(-0.5), "high": np.float32(0.7)}
    inputs = pick(draw, ["x", "low", "high"], ["x", "low"], ["x", "", "high"], ["x"])
    return case(draw, [node("Clip", inputs)], {"x": [4, 5]}, constants)


def prelu(draw):
    slope = numbers(draw, *pick(draw, [1], [3, 1, 1], [1, 3, 1, 1], [5], [2, 3, 4, 5]))
    return case(draw, [node("PRelu", ["x", "s"])], {"x": [2, 3, 4, 5]}, {"s": slope})


def binary(draw):
    kind = pick(draw, "Add", "Sub", "Mul", "Div")
    other = pick(draw, [2, 3, 4, 5], [5], [3, 1, 1], [1], [], [2, 1, 4, 1], [1, 2, 3, 4, 5])
    shapes, constants, nodes = {"x": [2, 3, 4, 5]}, {}, []
    if draw.random() < 0.5 or not other:
        constants["o"] = np.abs(numbers(draw, *other)) + np.float32(0.5)
    else:
        shapes["given"] = other
        nodes = [node("Exp", ["given"], ["o"])]
    inputs = ["x", "o"] if draw.random() < 0.5 or kind == "Div" else ["o", "x"]
    return case(draw, [*nodes, node(kind, inputs)], shapes, constants)


def many(draw):
    kind = pick(draw, "Sum", "Max", "Min", "Mean")
    names = ["a", "b", "c"][: int(draw.integers(1, 4))]
    return case(draw, [node(kind, names)], {name: pick(draw, [3, 4], [4], [3, 1]) for name in names})


CASES = [
    conv, conv_transpose, folded_norm, max_pool, average_pool, global_pool, gemm, matmul, batch_norm, layer_norm,
    other_norms, rms_norm, lp_norm, softmax, unary, gelu, square_root, clip, prelu, binary, many,
]  # fmt: skip
