"""Shapes: what each layer makes of the shapes of its inputs."""

import math

from net_ops import BINARY, LARGEST_RANK, BadNet


def shape_of(layer, fields, inputs, tensor_shape):
    """The shape of a layer's result. `inputs`: shapes; `tensor_shape`: name -> shape. Raises BadNet."""
    try:
        shape = RULES.get(layer["op"], same)(fields, inputs, tensor_shape)
    except (ValueError, IndexError, ZeroDivisionError) as error:
        raise BadNet(f"layer {layer['name']}: {layer['op']} of {inputs}: {error}") from error
    shape = [int(size) for size in shape]
    if not 1 <= len(shape) <= LARGEST_RANK:
        raise BadNet(f"layer {layer['name']}: {layer['op']} gives {len(shape)} axes, not 1 to {LARGEST_RANK}")
    if min(shape) < 1 or math.prod(shape) > 2**31 - 1:
        raise BadNet(f"layer {layer['name']}: {layer['op']} gives the shape {shape}")
    return shape


def same(_fields, inputs, _tensor_shape):
    return inputs[0]


def broadcast(*shapes):
    rank = max(map(len, shapes))
    columns = zip(*([1] * (rank - len(shape)) + list(shape) for shape in shapes))
    return [one_size(set(column) - {1}) for column in columns]


def one_size(sizes):
    if len(sizes) > 1:
        raise ValueError(f"the sizes {sorted(sizes)} do not go together")
    return max(sizes, default=1)


def conv(fields, inputs, tensor_shape):
    (batch, channels, *sizes), (out, part, *kernel) = inputs[0], tensor_shape(fields["weight"])
    if part * fields["groups"] != channels or out % fields["groups"]:
        raise ValueError(f"weight {[out, part, *kernel]} with groups {fields['groups']}")
    return [batch, out, *(spread(fields, sizes, kernel, axis) // fields["stride"][axis] + 1 for axis in (0, 1))]


def spread(fields, sizes, kernel, axis):
    """How far the first element of a window can move."""
    padding, dilation = fields["padding"], fields.get("dilation", [1, 1])
    room = sizes[axis] + padding[axis] + padding[axis + 2] - dilation[axis] * (kernel[axis] - 1) - 1
    if room < 0:
        raise ValueError("the kernel is larger than its input")
    return room


def conv_transpose(fields, inputs, tensor_shape):
    (batch, channels, *sizes), (taken, part, *kernel) = inputs[0], tensor_shape(fields["weight"])
    if taken != channels or channels % fields["groups"]:
        raise ValueError(f"weight {[taken, part, *kernel]} with groups {fields['groups']}")

    def size(axis):
        full = (sizes[axis] - 1) * fields["stride"][axis] + fields["dilation"][axis] * (kernel[axis] - 1) + 1
        return full + fields["output_padding"][axis] - fields["padding"][axis] - fields["padding"][axis + 2]

    return [batch, part * fields["groups"], size(0), size(1)]


def linear(fields, inputs, tensor_shape):
    out, taken = tensor_shape(fields["weight"])
    if inputs[0][-1] != taken:
        raise ValueError(f"weight {[out, taken]}")
    return [*inputs[0][:-1], out]


def matmul(fields, inputs, _tensor_shape):
    (*batch_a, rows, inner), (*batch_b, height, width) = inputs
    if fields["transpose_b"]:
        height, width = width, height
    if inner != height:
        raise ValueError("the inner sizes differ")
    batch = broadcast(batch_a, batch_b) if batch_a or batch_b else []
    return [*batch, rows, width]


def pool(fields, inputs, _tensor_shape):
    batch, channels, *sizes = inputs[0]
    return [batch, channels, *(pooled_size(fields, sizes, axis) for axis in (0, 1))]


def pooled_size(fields, sizes, axis):
    """With `ceil`, a last window that only partly lies on the input counts, if it begins on it or on its padding."""
    step = (fields["stride"] or fields["kernel"])[axis]
    room = spread(fields, sizes, fields["kernel"], axis)
    if not fields["ceil"]:
        return room // step + 1
    count = -(-room // step) + 1
    return count - 1 if (count - 1) * step >= sizes[axis] + fields["padding"][axis] else count


def reduce(fields, inputs, _tensor_shape):
    axes = {axis % len(inputs[0]) for axis in fields["axes"]}
    if fields["keep"]:
        return [1 if axis in axes else size for axis, size in enumerate(inputs[0])]
    return [size for axis, size in enumerate(inputs[0]) if axis not in axes]


def concat(fields, inputs, _tensor_shape):
    axis = fields["axis"] % len(inputs[0])
    rest = {(*shape[:axis], *shape[axis + 1 :]) for shape in inputs}
    if len(rest) > 1:
        raise ValueError("the other axes differ")
    return [*inputs[0][:axis], sum(shape[axis] for shape in inputs), *inputs[0][axis + 1 :]]


def reshape(fields, inputs, _tensor_shape):
    known = math.prod(size for size in fields["shape"] if size != -1)
    shape = [math.prod(inputs[0]) // known if size == -1 else size for size in fields["shape"]]
    if math.prod(shape) != math.prod(inputs[0]):
        raise ValueError(f"cannot become {fields['shape']}")
    return shape


def slice_bounds(fields, size):
    """First element and end, both within the axis."""
    start, end = (value + size if value < 0 else value for value in (fields["start"], fields["end"]))
    return min(max(start, 0), size), min(max(end, 0), size)


def cut(fields, inputs, _tensor_shape):
    shape = list(inputs[0])
    axis = fields["axis"] % len(shape)
    start, end = slice_bounds(fields, shape[axis])
    shape[axis] = len(range(start, end, fields["step"]))
    return shape


def shuffle(fields, inputs, _tensor_shape):
    (batch, channels, height, width), factor = inputs[0], fields["factor"]
    return [batch, channels // factor**2, height * factor, width * factor]


def unshuffle(fields, inputs, _tensor_shape):
    (batch, channels, height, width), factor = inputs[0], fields["factor"]
    return [batch, channels * factor**2, height // factor, width // factor]


def pad(fields, inputs, _tensor_shape):
    return [size + before + after for size, before, after in zip(inputs[0], fields["before"], fields["after"])]


RULES = {
    "conv2d": conv,
    "conv_transpose2d": conv_transpose,
    "linear": linear,
    "matmul": matmul,
    "max_pool2d": pool,
    "avg_pool2d": pool,
    "mean": reduce,
    "sum": reduce,
    "max_over": reduce,
    "concat": concat,
    "reshape": reshape,
    "slice": cut,
    "pixel_shuffle": shuffle,
    "pixel_unshuffle": unshuffle,
    "pad": pad,
    "constant": lambda fields, _inputs, tensor_shape: tensor_shape(fields["tensor"]),
    "embedding": lambda fields, inputs, tensor_shape: [*inputs[0], tensor_shape(fields["weight"])[1]],
    "global_avg_pool2d": lambda _fields, inputs, _tensor_shape: [*inputs[0][:2], 1, 1],
    "resize": lambda fields, inputs, _tensor_shape: [*inputs[0][:2], *fields["size"]],
    "transpose": lambda fields, inputs, _tensor_shape: [inputs[0][axis] for axis in fields["axes"]],
    **{name: lambda _fields, inputs, _tensor_shape: broadcast(*inputs) for name in BINARY},
}
