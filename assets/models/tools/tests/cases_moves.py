"""More of cases.py: what moves values, samples them, or is made of several operators."""

import numpy as np
from onnx import numpy_helper

from cases import case, numbers, pick
from conftest import build, node


def reduction(draw):
    kinds = "ReduceMean ReduceSum ReduceMax ReduceMin ReduceL2 ReduceSumSquare".split()
    kind, version = pick(draw, *kinds), pick(draw, 11, 13, 18)
    axes = pick(draw, [1], [2, 3], [-1], [0, 2], [1, 2, 3])
    attributes, inputs, constants = {"keepdims": int(draw.integers(2))}, ["x"], {}
    if version >= 18 or kind == "ReduceSum" and version >= 13:
        inputs, constants = ["x", "axes"], {"axes": np.array(axes, np.int64)}
    else:
        attributes["axes"] = axes
    return case(draw, [node(kind, inputs, **attributes)], {"x": [2, 3, 4, 5]}, constants, opset=version)


def reshape(draw):
    wanted = pick(draw, [0, -1], [2, 3, 20], [-1], [0, 0, -1], [4, 5, 6], [2, 1, 3, 4, 5])
    return case(draw, [node("Reshape", ["x", "s"])], {"x": [2, 3, 4, 5]}, {"s": np.array(wanted, np.int64)})


def flatten(draw):
    return case(draw, [node("Flatten", ["x"], axis=int(draw.integers(-3, 5)))], {"x": [2, 3, 4, 5]})


def squeezes(draw):
    version = pick(draw, 11, 13)
    out, into = pick(draw, [1], [1, 3], [-3]), pick(draw, [0], [0, 2], [-1])
    if version == 11:
        nodes = [node("Squeeze", ["x"], ["s"], axes=out), node("Unsqueeze", ["s"], axes=into)]
        return case(draw, nodes, {"x": [2, 1, 4, 1, 5] if -3 not in out else [2, 3, 1, 4, 5]}, opset=version)
    constants = {"out": np.array(out, np.int64), "into": np.array(into, np.int64)}
    nodes = [node("Squeeze", ["x", "out"], ["s"]), node("Unsqueeze", ["s", "into"])]
    return case(draw, nodes, {"x": [2, 1, 4, 1, 5] if -3 not in out else [2, 3, 1, 4, 5]}, constants, opset=version)


def transpose(draw):
    attributes = pick(draw, {}, {"perm": draw.permutation(4).tolist()}, {"perm": [0, 1, 2, 3]})
    return case(draw, [node("Transpose", ["x"], **attributes)], {"x": [2, 3, 4, 5]})


def joins(draw):
    axis = int(draw.integers(-3, 3))
    sizes = {name: [3, 3, 3] for name in "abc"}
    sizes["b"][axis] = 2
    return case(draw, [node("Concat", list(sizes), axis=axis)], sizes)


def split(draw):
    way = pick(draw, "even", "sizes", "old", "number")
    attributes, inputs, constants, version = {"axis": 1}, ["x"], {}, 13
    if way == "sizes":
        inputs, constants = ["x", "sizes"], {"sizes": np.array([1, 2, 3], np.int64)}
    elif way == "old":
        attributes, version = {"axis": 1, "split": [3, 1, 2]}, 11
    elif way == "number":
        attributes, version = {"axis": 1, "num_outputs": 3}, 18
    nodes = [node("Split", inputs, ["a", "b", "c"], **attributes), node("Concat", ["c", "a"], axis=1)]
    return case(draw, nodes, {"x": [2, 6, 3]}, constants, opset=version)


def cut(draw):
    constants = {
        "starts": [1, -4],
        "ends": pick(draw, [3, 100], [-1, -1], [2**62, 4]),
        "axes": pick(draw, [0, 2], [1, -1]),
    }
    constants = {name: np.array(values, np.int64) for name, values in constants.items()}
    inputs = ["x", *constants]
    if draw.random() < 0.5:
        constants["steps"] = np.array([1, 2], np.int64)
        inputs.append("steps")
    return case(draw, [node("Slice", inputs)], {"x": [4, 5, 6]}, constants, opset=13)


def pad(draw):
    pads = pick(draw, [0, 0, 1, 2, 0, 0, 3, 0], [1, 0, 0, 0, 0, 2, 0, 0], [0, 0, -1, 1, 0, 0, 2, -2], [0] * 8)
    constants = {"pads": np.array(pads, np.int64), "value": np.float32(pick(draw, 0.0, -0.7))}
    inputs = ["x", "pads", "value"] if draw.random() < 0.7 else ["x", "pads"]
    nodes = [node("Pad", inputs, ["p"])]
    if draw.random() < 0.5:
        constants["w"] = numbers(draw, 2, 3 + pads[1] + pads[5], 3, 3)
        return case(draw, [*nodes, node("Conv", ["p", "w"], pads=[1, 0, 0, 1])], {"x": [1, 3, 6, 6]}, constants)
    return case(draw, [*nodes, node("Neg", ["p"])], {"x": [1, 3, 6, 6]}, constants)


def gather(draw):
    places = pick(draw, np.array(2), np.array([1, 3]), np.array([3, 0, 1, 1, -1]), np.array([[0, 1], [2, 3]]))
    nodes = [node("Gather", ["x", "i"], axis=int(draw.integers(-2, 2)))]
    return case(draw, nodes, {"x": [4, 5]}, {"i": places.astype(np.int64)})


def embedding(draw):
    nodes = [node("Gather", ["table", "ids"], ["e"]), node("Softmax", ["e"])]
    model = build(nodes, {"ids": [2, 5]}, {"table": numbers(draw, 9, 4)}, whole=["ids"])
    return model, {"ids": draw.integers(0, 9, [2, 5])}


def repeats(draw):
    if draw.random() < 0.5:
        return case(draw, [node("Expand", ["x", "s"])], {"x": [3, 1, 5]}, {"s": np.array([2, 1, 4, 1], np.int64)})
    return case(draw, [node("Tile", ["x", "r"])], {"x": [3, 2]}, {"r": np.array(pick(draw, [2, 1], [1, 3], [2, 2]))})


def casts(draw):
    """To half and back would round; to f64 and back does not. A dropout between them is nothing."""
    nodes = [node("Cast", ["x"], ["d"], to=11), node("Cast", ["d"], ["f"], to=1), node("Dropout", ["f"])]
    return case(draw, nodes, {"x": [3, 5]})


def resize_common(draw):
    """What exporters write: these have to be covered."""
    scales = np.array([1, 1, *pick(draw, (2, 2), (3, 2), (0.5, 0.5), (4, 1))], np.float32)
    attributes = pick(
        draw,
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
        {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"},
        {"mode": "linear", "coordinate_transformation_mode": "align_corners"},
        {"mode": "linear", "coordinate_transformation_mode": "asymmetric"},
    )
    if scales[2] < 1 and attributes["mode"] == "nearest":
        scales[2:] = 2
    if draw.random() < 0.5:
        sizes = (np.array([1, 2, 6, 8]) * scales).astype(np.int64)
        return case(draw, [node("Resize", ["x", "", "", "s"], **attributes)], {"x": [1, 2, 6, 8]}, {"s": sizes})
    return case(draw, [node("Resize", ["x", "", "s"], **attributes)], {"x": [1, 2, 6, 8]}, {"s": scales})


def resize_any(draw):
    """Whatever the standard allows: it agrees, or it is named."""
    sizes = np.array([1, 2, *draw.integers(3, 20, 2)], np.int64)
    attributes = {
        "mode": pick(draw, "nearest", "linear"),
        "coordinate_transformation_mode": pick(draw, "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"),
        "nearest_mode": pick(draw, "floor", "ceil", "round_prefer_floor", "round_prefer_ceil"),
    }
    return case(draw, [node("Resize", ["x", "", "", "s"], **attributes)], {"x": [1, 2, 6, 8]}, {"s": sizes})


def resize_line(draw):
    scales = np.array([1, 1, 2], np.float32)
    attributes = {
        "mode": pick(draw, "nearest", "linear"),
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    }
    return case(draw, [node("Resize", ["x", "", "s"], **attributes)], {"x": [1, 2, 7]}, {"s": scales})


def upsample(draw):
    scales = np.array([1, 1, 2, 3], np.float32)
    return case(
        draw,
        [node("Upsample", ["x", "s"], mode=pick(draw, "nearest", "linear"))],
        {"x": [1, 2, 5, 4]},
        {"s": scales},
        opset=9,
    )


def depth_and_space(draw):
    if draw.random() < 0.4:
        return case(draw, [node("SpaceToDepth", ["x"], blocksize=2)], {"x": [2, 3, 4, 6]})
    mode = pick(draw, {}, {"mode": "CRD"}, {"mode": "DCR"})
    return case(draw, [node("DepthToSpace", ["x"], blocksize=2, **mode)], {"x": [2, 12, 3, 5]})


def shape_chain(draw):
    """Sizes computed inside the graph, as exporters write `x.view(x.size(0), -1)`, and a branch that is decided."""
    nodes = [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "zero"], ["batch"]),
        node("Unsqueeze", ["batch", "axis"], ["first"]),
        node("Concat", ["first", "rest"], ["wanted"], axis=0),
        node("Reshape", ["x", "wanted"], ["flat"]),
        node("ConstantOfShape", ["wide"], ["ones"]),
        node("Mul", ["flat", "ones"]),
    ]
    constants = {"zero": np.array(0), "axis": np.array([0]), "rest": np.array([-1]), "wide": np.array([60])}
    model, inputs = case(draw, nodes, {"x": [2, 3, 4, 5]}, constants)
    nodes[5].attribute.extend(node("X", [], value=np_tensor(draw.random())).attribute)
    return case(draw, nodes, {"x": [2, 3, 4, 5]}, constants)


def np_tensor(value):
    return numpy_helper.from_array(np.array([value], np.float32))


def self_attention(draw):
    """Projections, heads, scores, softmax, as a transformer is exported."""
    nodes, constants = [], {"split": np.array([2, 7, 3, 4]), "merged": np.array([2, 7, 12]), "scale": np.float32(0.5)}
    for name in "qkv":
        constants |= {f"w{name}": numbers(draw, 12, 12), f"b{name}": numbers(draw, 12)}
        nodes += [node("MatMul", ["x", f"w{name}"], [f"{name}1"]), node("Add", [f"b{name}", f"{name}1"], [f"{name}2"])]
        nodes.append(node("Reshape", [f"{name}2", "split"], [f"{name}3"]))
        order = [0, 2, 3, 1] if name == "k" else [0, 2, 1, 3]
        nodes.append(node("Transpose", [f"{name}3"], [f"{name}4"], perm=order))
    nodes += [
        node("MatMul", ["q4", "k4"], ["s1"]), node("Mul", ["s1", "scale"], ["s2"]), node("Softmax", ["s2"], ["s3"], axis=-1),
        node("MatMul", ["s3", "v4"], ["o1"]), node("Transpose", ["o1"], ["o2"], perm=[0, 2, 1, 3]),
        node("Reshape", ["o2", "merged"]),
    ]  # fmt: skip
    return case(draw, nodes, {"x": [2, 7, 12]}, constants)


def gates(draw):
    """x * sigmoid(x), the same read elsewhere, and the gate of another value."""
    gate = node(pick(draw, "Sigmoid", "HardSigmoid"), ["x"], ["g"])
    nodes = [gate, node("Mul", pick(draw, ["x", "g"], ["g", "x"], ["g", "z"], ["g", "g"]), ["m"])]
    nodes.append(pick(draw, node("Neg", ["m"]), node("Add", ["m", "g"])))
    return case(draw, nodes, {"x": [3, 5], "z": [3, 5]})


def gelu_by_hand(draw):
    """As exporters decompose it, in several orders, and almost-but-not-quite."""
    constants = {
        "root": np.float32(2**0.5),
        "inverse": np.float32(0.5**0.5),
        "one": np.float32(1),
        "half": np.float32(0.5),
    }
    constants["other"] = np.float32(pick(draw, 0.5, 0.25))
    scaled = pick(draw, node("Div", ["x", "root"], ["a"]), node("Mul", ["inverse", "x"], ["a"]))
    nodes = [scaled, node("Erf", ["a"], ["b"]), node("Add", pick(draw, ["b", "one"], ["one", "b"]), ["c"])]
    nodes += pick(
        draw,
        [node("Mul", ["x", "c"], ["d"]), node("Mul", ["d", "other"])],
        [node("Mul", ["x", "other"], ["d"]), node("Mul", ["d", "c"])],
        [node("Mul", ["c", "other"], ["d"]), node("Mul", ["d", "x"])],
    )
    return case(draw, nodes, {"x": [4, 5]}, constants)


CASES = [
    reduction, reshape, flatten, squeezes, transpose, joins, split, cut, pad, gather, embedding, repeats, casts,
    resize_common, resize_line, upsample, depth_and_space, shape_chain, self_attention, gates, gelu_by_hand,
]  # fmt: skip
