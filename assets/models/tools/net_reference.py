#!/usr/bin/env python3
"""Computes a net file layer by layer, plainly: the reference for converters and executors."""

import argparse
import math
import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

import net_file
from net_ops import BadNet, fields_of
from net_shapes import pooled_size, slice_bounds


def run(net, inputs, dtype=torch.float32):
    """All values of a net by name. `inputs`: name -> array. Raises BadNet."""
    values = {}
    for given in net.inputs:
        array = inputs.get(given["name"])
        if array is None or list(array.shape) != given["shape"]:
            found = "missing" if array is None else list(array.shape)
            raise BadNet(f"input {given['name']} is to be {given['shape']}, and is {found}")
        values[given["name"]] = torch.from_numpy(np.array(array)).to(dtype)
    for layer in net.layers:
        fields = fields_of(layer)
        for key in ("weight", "bias", "scale", "shift", "mean", "variance", "slope", "tensor"):
            if isinstance(fields.get(key), str):
                fields[key] = torch.from_numpy(net.tensors[fields[key]]).to(dtype)
        with torch.no_grad():
            value = LAYERS[layer["op"]](fields, *(values[name] for name in layer["inputs"]))
        if list(value.shape) != net.shapes[layer["name"]]:
            raise BadNet(f"layer {layer['name']} gives {list(value.shape)}, not {net.shapes[layer['name']]}")
        values[layer["name"]] = value
    return values


def outputs(net, inputs, dtype=torch.float32):
    """The outputs as arrays."""
    values = run(net, inputs, dtype)
    return {output["name"]: values[output["from"]].float().numpy() for output in net.outputs}


def padded(x, padding, value=0.0):
    top, left, bottom, right = padding
    return functional.pad(x, (left, right, top, bottom), value=value)


def conv2d(fields, x):
    x = padded(x, fields["padding"])
    moved = {key: fields[key] for key in ("stride", "dilation", "groups")}
    return functional.conv2d(x, fields["weight"], fields["bias"], **moved)


def conv_transpose2d(fields, x):
    full = functional.conv_transpose2d(
        x, fields["weight"], fields["bias"], fields["stride"], 0, 0, fields["groups"], fields["dilation"]
    )
    extra, (top, left, bottom, right) = fields["output_padding"], fields["padding"]
    empty = 0.0 if fields["bias"] is None else fields["bias"].reshape(1, -1, 1, 1)
    grown = functional.pad(full - empty, (0, extra[1], 0, extra[0])) + empty
    return grown[:, :, top : grown.shape[2] - bottom, left : grown.shape[3] - right]


def matmul(fields, a, b):
    return torch.matmul(a, b.transpose(-1, -2) if fields["transpose_b"] else b)


def along_channels(x, values):
    return values.reshape(1, -1, *[1] * (x.dim() - 2))


def batch_norm(fields, x):
    scale, shift, mean, variance = (along_channels(x, fields[key]) for key in ("scale", "shift", "mean", "variance"))
    return (x - mean) / torch.sqrt(variance + fields["epsilon"]) * scale + shift


def standardized(x, axes, epsilon):
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + epsilon)


def weighed(x, weight, bias):
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def layer_norm(fields, x):
    axes = list(range(-fields["axes_count"], 0))
    return weighed(standardized(x, axes, fields["epsilon"]), fields["weight"], fields["bias"])


def group_norm(fields, x):
    grouped = x.reshape(x.shape[0], fields["groups"], -1)
    x = standardized(grouped, [-1], fields["epsilon"]).reshape(x.shape)
    weight, bias = (None if fields[key] is None else along_channels(x, fields[key]) for key in ("weight", "bias"))
    return weighed(x, weight, bias)


def rms_norm(fields, x):
    mean = (x * x).mean(-1, keepdim=True)
    return weighed(x / torch.sqrt(mean + fields["epsilon"]), fields["weight"], None)


def clip(fields, x):
    x = x if fields["min"] is None else torch.maximum(x, torch.tensor(fields["min"], dtype=x.dtype))
    return x if fields["max"] is None else torch.minimum(x, torch.tensor(fields["max"], dtype=x.dtype))


def prelu(fields, x):
    slope = fields["slope"] if fields["slope"].numel() == 1 else along_channels(x, fields["slope"])
    return torch.where(x >= 0, x, x * slope)


def elu(fields, x):
    return torch.where(x > 0, x, fields["alpha"] * torch.expm1(x))


def pool_windows(fields, x, dilation, outside):
    """[N, C, out H, out W, kernel]: the elements under each window; `outside` is what lies on the padding."""
    stride = fields["stride"] or fields["kernel"]
    sizes = list(x.shape[2:])
    counts = [pooled_size(fields | {"dilation": dilation}, sizes, axis) for axis in (0, 1)]
    top, left, bottom, right = fields["padding"]
    windows = []
    reach = [(counts[axis] - 1) * stride[axis] + dilation[axis] * (fields["kernel"][axis] - 1) + 1 for axis in (0, 1)]
    more = [max(reach[0] - sizes[0] - top - bottom, 0), max(reach[1] - sizes[1] - left - right, 0)]
    x = functional.pad(padded(x, fields["padding"], outside[0]), (0, more[1], 0, more[0]), value=outside[1])
    for row in range(fields["kernel"][0]):
        for column in range(fields["kernel"][1]):
            start = [row * dilation[0], column * dilation[1]]
            rows = slice(start[0], start[0] + (counts[0] - 1) * stride[0] + 1, stride[0])
            columns = slice(start[1], start[1] + (counts[1] - 1) * stride[1] + 1, stride[1])
            windows.append(x[:, :, rows, columns])
    return torch.stack(windows, -1)


def max_pool2d(fields, x):
    return pool_windows(fields, x, fields["dilation"], (-math.inf, -math.inf)).amax(-1)


def avg_pool2d(fields, x):
    """Padding counts if `count_padding`; what a last window of `ceil` reaches beyond it never counts."""
    counted = (1.0 if fields["count_padding"] else 0.0, 0.0)
    number = pool_windows(fields, torch.ones_like(x), [1, 1], counted).sum(-1)
    return pool_windows(fields, x, [1, 1], (0.0, 0.0)).sum(-1) / number


def resize(fields, x):
    mode, kind = fields["mode"], fields["coordinates"]
    for axis, count in zip((2, 3), fields["size"]):
        size = x.shape[axis]
        index = torch.arange(count, dtype=torch.float64)
        if mode == "nearest":
            places = nearest_places(kind, size, count)
            x = x.index_select(axis, places)
            continue
        places = {
            "half_pixel": (index + 0.5) * size / count - 0.5,
            "asymmetric": index * size / count,
            "align_corners": index * (size - 1) / max(count - 1, 1),
        }[kind].clamp(0, size - 1)
        low = places.floor().long()
        share = (places - low).to(x.dtype).reshape(-1, *[1] * (3 - axis))
        here, there = x.index_select(axis, low), x.index_select(axis, (low + 1).clamp(max=size - 1))
        x = here * (1 - share) + there * share
    return x


def nearest_places(kind, size, count):
    """The pixel that holds the sampling place, in whole numbers so that nothing is rounded."""
    index = torch.arange(count)
    if kind == "half_pixel":
        return ((2 * index + 1) * size // (2 * count)).clamp(max=size - 1)
    if kind == "asymmetric":
        return (index * size // count).clamp(max=size - 1)
    return (index * (size - 1) // max(count - 1, 1)).clamp(max=size - 1)


def pixel_shuffle(fields, x):
    (batch, channels, height, width), factor = x.shape, fields["factor"]
    parts = x.reshape(batch, channels // factor**2, factor, factor, height, width)
    return parts.permute(0, 1, 4, 2, 5, 3).reshape(batch, -1, height * factor, width * factor)


def pixel_unshuffle(fields, x):
    (batch, channels, height, width), factor = x.shape, fields["factor"]
    parts = x.reshape(batch, channels, height // factor, factor, width // factor, factor)
    return parts.permute(0, 1, 3, 5, 2, 4).reshape(batch, -1, height // factor, width // factor)


def softmax(fields, x):
    shifted = torch.exp(x - x.amax(fields["axis"], keepdim=True))
    return shifted / shifted.sum(fields["axis"], keepdim=True)


def log_softmax(fields, x):
    shifted = x - x.amax(fields["axis"], keepdim=True)
    return shifted - torch.log(torch.exp(shifted).sum(fields["axis"], keepdim=True))


def attention(fields, query, key, value):
    """Causal: a query sees the keys up to its own place, both counted from the start."""
    heads = fields["heads"]
    q, k, v = (x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2) for x in (query, key, value))
    scale = fields["scale"] if fields["scale"] is not None else 1 / math.sqrt(q.shape[-1])
    scores = q @ k.transpose(-1, -2) * scale
    if fields["causal"]:
        later = torch.arange(k.shape[2])[None, :] > torch.arange(q.shape[2])[:, None]
        scores = scores.masked_fill(later, -math.inf)
    return (softmax({"axis": -1}, scores) @ v).transpose(1, 2).reshape(query.shape[0], query.shape[1], -1)


def cut(fields, x):
    axis = fields["axis"] % x.dim()
    start, end = slice_bounds(fields, x.shape[axis])
    return x.index_select(axis, torch.arange(start, end, fields["step"]))


def pad(fields, x):
    both = zip(reversed(fields["before"]), reversed(fields["after"]))
    return functional.pad(x, [size for pair in both for size in pair], value=fields["value"])


def l2_normalize(fields, x):
    norm = torch.sqrt((x * x).sum(fields["axis"], keepdim=True))
    return x / norm.clamp(min=fields["epsilon"])


def gelu(_fields, x):
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def gelu_tanh(_fields, x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def hard_sigmoid(_fields, x):
    return torch.clamp(x / 6 + 0.5, 0, 1)


def plain(function):
    return lambda _fields, *inputs: function(*inputs)


LAYERS = {
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "linear": lambda fields, x: functional.linear(x, fields["weight"], fields["bias"]),
    "matmul": matmul,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "rms_norm": rms_norm,
    "relu": plain(lambda x: x.clamp(min=0)),
    "silu": plain(lambda x: x * torch.sigmoid(x)),
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "sigmoid": plain(torch.sigmoid),
    "tanh": plain(torch.tanh),
    "hard_sigmoid": hard_sigmoid,
    "hard_swish": lambda fields, x: x * hard_sigmoid(fields, x),
    "mish": plain(lambda x: x * torch.tanh(torch.logaddexp(x, torch.zeros_like(x)))),
    "exp": plain(torch.exp),
    "sqrt": plain(torch.sqrt),
    "abs": plain(torch.abs),
    "neg": plain(torch.neg),
    "erf": plain(torch.erf),
    "identity": plain(lambda x: x),
    "clip": clip,
    "leaky_relu": lambda fields, x: torch.where(x >= 0, x, x * fields["slope"]),
    "elu": elu,
    "prelu": prelu,
    "add": plain(torch.add),
    "sub": plain(torch.sub),
    "mul": plain(torch.mul),
    "div": plain(torch.div),
    "max": plain(torch.maximum),
    "min": plain(torch.minimum),
    "pow": plain(torch.pow),
    "constant": lambda fields: fields["tensor"],
    "concat": lambda fields, *inputs: torch.cat(inputs, fields["axis"]),
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
    "global_avg_pool2d": plain(lambda x: x.mean([2, 3], keepdim=True)),
    "mean": lambda fields, x: x.mean(fields["axes"], keepdim=fields["keep"]),
    "sum": lambda fields, x: x.sum(fields["axes"], keepdim=fields["keep"]),
    "max_over": lambda fields, x: x.amax(fields["axes"], keepdim=fields["keep"]),
    "resize": resize,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "attention": attention,
    "embedding": lambda fields, ids: fields["weight"][ids.round().long().clamp(0, len(fields["weight"]) - 1)],
    "reshape": lambda fields, x: x.reshape(fields["shape"]),
    "transpose": lambda fields, x: x.permute(fields["axes"]),
    "slice": cut,
    "pad": pad,
    "l2_normalize": l2_normalize,
}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("net", type=Path, help="the net file")
    parser.add_argument("--io", type=Path, help="tensors input:NAME, and output:NAME to compare with")
    parser.add_argument("--seed", type=int, default=1, help="of random inputs where no --io is given")
    parser.add_argument("--dump", type=Path, metavar="FILE", help="write each layer's value as layer:NAME")
    parser.add_argument("--f64", action="store_true", help="compute with f64")
    parser.add_argument("--tolerance", type=float, default=1e-3)
    options = parser.parse_args(arguments)
    try:
        return check(options)
    except (BadNet, OSError) as error:
        print(error, file=sys.stderr)
        return 2


def check(options):
    net = net_file.load(options.net)
    stored = net_file.read_tensors(options.io)[0] if options.io else {}
    draw = np.random.default_rng(options.seed)
    inputs = {}
    for given in net.inputs:
        name = given["name"]
        inputs[name] = stored.get(f"input:{name}", draw.standard_normal(given["shape"]).astype(np.float32))
    values = run(net, inputs, torch.float64 if options.f64 else torch.float32)
    dumped = {f"input:{name}": array for name, array in inputs.items()}
    dumped |= {f"layer:{layer['name']}": values[layer["name"]].float().numpy() for layer in net.layers}
    good = True
    for output in net.outputs:
        value = values[output["from"]].float().numpy()
        dumped[f"output:{output['name']}"] = value
        good &= report(f"output {output['name']}", value, stored.get(f"output:{output['name']}"), options.tolerance)
    for layer in net.layers:
        if f"layer:{layer['name']}" in stored:
            value = dumped[f"layer:{layer['name']}"]
            good &= report(f"layer {layer['name']}", value, stored[f"layer:{layer['name']}"], options.tolerance)
    if options.dump:
        net_file.write(options.dump, dumped)
    return 0 if good else 1


def report(label, value, expected, tolerance):
    if expected is None:
        print(f"{label} {list(value.shape)}: deviation {value.std():.4g}, largest {np.abs(value).max():.4g}")
        return True
    error = float(np.abs(value - expected).max() / max(np.abs(expected).max(), 1e-30))
    print(f"{label} {list(value.shape)}: relative error {error:.2e}")
    return error <= tolerance


if __name__ == "__main__":
    sys.exit(main())
