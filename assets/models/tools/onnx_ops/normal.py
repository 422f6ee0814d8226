"""Norms and softmax."""

import numpy as np

from onnx_walk import Uncovered


def batch_norm(walk, node):
    node.demand("training_mode", 0, 0)
    node.demand("spatial", 1, 1)
    node.attribute("momentum")
    node.only_first_output(walk.used)
    names = ["scale", "shift", "mean", "variance"]
    tensors = {
        field: walk.net.tensor(node.inputs[place], walk.known(node, place, field))
        for place, field in enumerate(names, start=1)
    }
    value = walk.value(node.inputs[0])
    return walk.emit(node, "batch_norm", [value], **tensors, epsilon=node.attribute("epsilon", 1e-5))


def affine(walk, node, shape):
    """Weight and bias, as tensors of this shape."""
    names = {}
    for place, field in ((1, "weight"), (2, "bias")):
        array = walk.known(node, place, f"the {field}")
        if array is not None:
            names[field] = walk.net.tensor(node.inputs[place], np.broadcast_to(array, shape))
    return names


def layer_norm(walk, node):
    node.demand("stash_type", 1, 1)
    node.only_first_output(walk.used)
    shape = walk.shape(node.inputs[0])
    axis = node.attribute("axis", -1) % len(shape)
    names = affine(walk, node, shape[axis:])
    epsilon, value = node.attribute("epsilon", 1e-5), walk.value(node.inputs[0])
    return walk.emit(node, "layer_norm", [value], **names, axes_count=len(shape) - axis, epsilon=epsilon)


def rms_norm(walk, node):
    node.demand("stash_type", 1, 1)
    node.only_first_output(walk.used)
    shape = walk.shape(node.inputs[0])
    if node.attribute("axis", -1) % len(shape) != len(shape) - 1:
        raise Uncovered("axis is not the last one")
    names = affine(walk, node, shape[-1:])
    value = walk.value(node.inputs[0])
    return walk.emit(node, "rms_norm", [value], **names, epsilon=node.attribute("epsilon", 1e-5))


def instance_norm(walk, node):
    channels = walk.shape(node.inputs[0])[1]
    names, value = affine(walk, node, [channels]), walk.value(node.inputs[0])
    return walk.emit(node, "group_norm", [value], **names, groups=channels, epsilon=node.attribute("epsilon", 1e-5))


def group_norm(walk, node):
    node.demand("stash_type", 1, 1)
    channels, groups = walk.shape(node.inputs[0])[1], node.attribute("num_groups")
    if walk.shape(node.inputs[1]) == [channels]:
        names = affine(walk, node, [channels])
    else:  # up to version 20 there is one for each group
        each = [np.repeat(walk.known(node, place, "the weight"), channels // groups) for place in (1, 2)]
        names = {
            field: walk.net.tensor(name, array) for field, name, array in zip(("weight", "bias"), node.inputs[1:], each)
        }
    value = walk.value(node.inputs[0])
    return walk.emit(node, "group_norm", [value], **names, groups=groups, epsilon=node.attribute("epsilon", 1e-5))


def softmax(walk, node):
    op = "softmax" if node.kind == "Softmax" else "log_softmax"
    value, shape = walk.value(node.inputs[0]), walk.shape(node.inputs[0])
    axis = node.attribute("axis", -1 if node.version >= 13 else 1) % len(shape)
    if node.version >= 13 or axis == len(shape) - 1:
        return walk.emit(node, op, [value], axis=axis)
    flat = walk.reshape(node, value, [int(np.prod(shape[:axis])), int(np.prod(shape[axis:]))], "flat")
    return walk.reshape(node, walk.emit(node, op, [flat], "softmax", axis=1), shape)


def lp_normal(walk, node):
    node.demand("p", 2, 2)
    return walk.emit(node, "l2_normalize", [walk.value(node.inputs[0])], axis=node.attribute("axis", -1))


OPERATORS = {
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "RMSNormalization": rms_norm,
    "InstanceNormalization": instance_norm,
    "GroupNormalization": group_norm,
    "Softmax": softmax,
    "LogSoftmax": softmax,
    "LpNormalization": lp_normal,
}
OTHER_DOMAINS = {("", "SimplifiedLayerNormalization"): rms_norm}
