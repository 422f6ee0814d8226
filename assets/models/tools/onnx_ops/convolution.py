"""Convolutions and pools. Along one axis, they are done along two, of which the first has one element."""

import numpy as np

from onnx_walk import Uncovered


def windows(node, kernel, sizes, transposed=False):
    """Stride, dilation and padding [top, left, bottom, right] of a window that moves over one or two axes."""
    axes = len(kernel)
    stride = node.attribute("strides", [1] * axes)
    dilation = node.attribute("dilations", [1] * axes)
    pads = node.attribute("pads")
    automatic = node.attribute("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER") and not transposed:
        pads = same_pads(kernel, sizes, stride, dilation, automatic == "SAME_UPPER")
    elif automatic not in ("NOTSET", "VALID"):
        raise Uncovered(f"auto_pad = {automatic}")
    elif automatic == "VALID" or pads is None:
        pads = [0] * (2 * axes)
    if min(pads) < 0:
        raise Uncovered(f"pads = {pads}")
    if axes == 1:
        return [1, *stride], [1, *dilation], [0, pads[0], 0, pads[1]]
    return list(stride), list(dilation), list(pads)


def same_pads(kernel, sizes, stride, dilation, more_at_the_end):
    before, after = [], []
    for length, size, step, spread in zip(kernel, sizes, stride, dilation):
        needed = max((-(-size // step) - 1) * step + spread * (length - 1) + 1 - size, 0)
        few, many = needed // 2, needed - needed // 2
        before.append(few if more_at_the_end else many)
        after.append(many if more_at_the_end else few)
    return before + after


def as_picture(walk, node, name):
    """The input with four axes, and its sizes without batch and channels."""
    value, shape = walk.value(name), walk.shape(name)
    if len(shape) not in (3, 4):
        raise Uncovered(f"its input has {len(shape)} axes")
    if len(shape) == 3:
        value = walk.reshape(node, value, [*shape[:2], 1, shape[2]], "picture")
    return value, shape[2:]


def back(walk, node, value, axes):
    """The result with as many axes as the input had."""
    shape = walk.net.shapes[value]
    return value if axes == 2 else walk.reshape(node, value, [*shape[:2], shape[3]])


def layer(walk, node, axes, op, inputs, **fields):
    return back(walk, node, walk.emit(node, op, inputs, None if axes == 2 else "2d", **fields), axes)


def weights(walk, node):
    weight, bias = walk.known(node, 1, "the weight"), walk.known(node, 2, "the bias")
    if weight.ndim == 3:
        weight = weight[:, :, None, :]
    names = {"weight": walk.net.tensor(node.inputs[1], weight)}
    if bias is not None:
        names["bias"] = walk.net.tensor(node.inputs[2], bias)
    return weight.shape, names


def conv(walk, node):
    value, sizes = as_picture(walk, node, node.inputs[0])
    shape, names = weights(walk, node)
    check_kernel(node, shape, len(sizes))
    stride, dilation, padding = windows(node, shape[4 - len(sizes) :], sizes)
    groups = node.attribute("group", 1)
    moved = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return layer(walk, node, len(sizes), "conv2d", [value], **names, **moved)


def check_kernel(node, shape, axes):
    kernel = list(shape[4 - axes :])
    if node.attribute("kernel_shape", kernel) != kernel:
        raise Uncovered(f"kernel_shape is not that of the weight, {kernel}")


def conv_transpose(walk, node):
    value, sizes = as_picture(walk, node, node.inputs[0])
    shape, names = weights(walk, node)
    check_kernel(node, shape, len(sizes))
    kernel = shape[4 - len(sizes) :]
    extra = node.attribute("output_padding", [0] * len(sizes))
    wanted, automatic = node.attribute("output_shape"), node.attribute("auto_pad", "NOTSET")
    if wanted or automatic.startswith("SAME"):
        stride, dilation, padding = wanted_padding(node, kernel, sizes, extra, wanted, automatic)
    else:
        stride, dilation, padding = windows(node, kernel, sizes, transposed=True)
    moved = {"stride": stride, "padding": padding, "dilation": dilation, "groups": node.attribute("group", 1)}
    extra = [0, *extra] if len(sizes) == 1 else extra
    return layer(walk, node, len(sizes), "conv_transpose2d", [value], **names, **moved, output_padding=extra)


def wanted_padding(node, kernel, sizes, extra, wanted, automatic):
    """The padding follows from the size of the result."""
    if len(sizes) != 2:
        raise Uncovered("output_shape or auto_pad along one axis")
    stride, dilation = node.attribute("strides", [1, 1]), node.attribute("dilations", [1, 1])
    node.attribute("pads")
    wanted = wanted[-2:] if wanted else [size * step for size, step in zip(sizes, stride)]
    before, after = [], []
    for axis in (0, 1):
        full = (sizes[axis] - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1 + extra[axis]
        total = full - wanted[axis]
        if total < 0:
            raise Uncovered("output_shape is larger than the full result")
        few, many = total // 2, total - total // 2
        before.append(few if automatic == "SAME_UPPER" else many)
        after.append(many if automatic == "SAME_UPPER" else few)
    return stride, dilation, before + after


def pool(walk, node):
    value, sizes = as_picture(walk, node, node.inputs[0])
    kernel = node.attribute("kernel_shape")
    stride, dilation, padding = windows(node, kernel, sizes)
    kernel = [1, *kernel] if len(sizes) == 1 else list(kernel)
    fields = {"kernel": kernel, "stride": stride, "padding": padding}
    if node.attribute("ceil_mode", 0) and not ceil_is_floor(walk, value, fields, dilation):
        fields["ceil"] = True
    if node.kind == "MaxPool":
        node.only_first_output(walk.used)
        node.attribute("storage_order")
        return layer(walk, node, len(sizes), "max_pool2d", [value], **fields, dilation=dilation)
    if dilation != [1, 1]:
        raise Uncovered(f"dilations = {dilation}")
    counted = bool(node.attribute("count_include_pad", 0)) or not any(padding)
    return layer(walk, node, len(sizes), "avg_pool2d", [value], **fields, count_padding=counted)


def ceil_is_floor(walk, value, fields, dilation):
    rooms = np.array(walk.net.shapes[value][2:]) + np.array(fields["padding"]).reshape(2, 2).sum(0)
    rooms -= np.array(dilation) * (np.array(fields["kernel"]) - 1) + 1
    return not (rooms % np.array(fields["stride"])).any()


def global_pool(walk, node):
    name = node.inputs[0]
    axes = list(range(2, len(walk.shape(name))))
    if node.kind == "GlobalMaxPool":
        return walk.emit(node, "max_over", [walk.value(name)], axes=axes, keep=True)
    if len(axes) == 2:
        return walk.emit(node, "global_avg_pool2d", [walk.value(name)])
    return walk.emit(node, "mean", [walk.value(name)], axes=axes, keep=True)


OPERATORS = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "MaxPool": pool,
    "AveragePool": pool,
    "GlobalAveragePool": global_pool,
    "GlobalMaxPool": global_pool,
}
