#!/usr/bin/env python3
"""Makes `zoo.safetensors`, a net with every layer of the format, and what PyTorch computes for each of its layers.

Each layer is said twice here: as the file says it, and as PyTorch's own function. Nothing of `net_reference` or
of the converters is used.
"""

import argparse
from pathlib import Path

import torch
from torch.nn import functional as F

import net_file

SEED = 5
PICTURE = {"channels": "rgb", "scale": 1 / 255, "mean": [0.5, 0.4, 0.3], "std": [0.3, 0.25, 0.2]}


class Zoo:
    """A net under construction, beside its values as PyTorch computes them."""

    def __init__(self):
        self.net = net_file.Net("zoo", f"every layer, seed {SEED}, PyTorch {torch.__version__}")
        self.values, self.draw = {}, torch.Generator().manual_seed(SEED)

    def input(self, name, tensor, picture=None):
        self.values[name] = tensor
        return self.net.input(name, tensor.shape, picture)

    def random(self, *shape):
        return torch.randn(shape, generator=self.draw)

    def add(self, name, op, inputs, expected, tensors=(), **fields):
        """A layer. `expected`: PyTorch's function of the inputs; `tensors`: field -> tensor."""
        names = {field: self.net.tensor(f"{name}.{field}", tensor.numpy()) for field, tensor in dict(tensors).items()}
        inputs = inputs if isinstance(inputs, list) else [inputs]
        made = self.net.layer(op, inputs, name, **names, **fields)
        self.values[made] = expected(*(self.values[value] for value in inputs)).contiguous()
        assert list(self.values[made].shape) == self.net.shapes[made], (name, self.values[made].shape)
        return made

    def save(self, folder):
        """Every value that no layer reads is an output."""
        read = {value for layer in self.net.layers for value in layer["inputs"]}
        for layer in self.net.layers:
            if layer["name"] not in read:
                self.net.output(layer["name"], layer["name"])
        self.net.save(folder / "zoo.safetensors")
        tensors = {f"input:{item['name']}": self.values[item["name"]] for item in self.net.inputs}
        tensors |= {f"output:{item['name']}": self.values[item["from"]] for item in self.net.outputs}
        tensors |= {f"layer:{layer['name']}": self.values[layer["name"]] for layer in self.net.layers}
        net_file.write(folder / "zoo.io.safetensors", {name: value.numpy() for name, value in tensors.items()})


def convolutions(zoo, image):
    """Returns a picture [1, 12, 20, 26]."""
    # name, out, kernel, stride, padding, dilation, groups, bias
    plan = [
        ("conv_plain", 12, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1, True),
        ("conv_point", 8, (1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1, False),
        ("conv_depthwise", 12, (5, 5), (2, 2), (1, 1, 2, 2), (1, 1), 12, True),
        ("conv_groups", 6, (3, 2), (1, 2), (0, 1, 2, 0), (1, 1), 3, False),
        ("conv_dilated", 5, (3, 3), (1, 1), (2, 4, 2, 4), (2, 3), 1, True),
        ("conv_multiplied", 24, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 12, True),
        ("conv_large", 16, (7, 7), (2, 2), (3, 3, 3, 3), (1, 1), 1, True),
    ]
    source = image
    for name, out, kernel, stride, padding, dilation, groups, biased in plan:
        taken = zoo.net.shapes[source][1]
        weight = zoo.random(out, taken // groups, *kernel) * (2 / (taken // groups * kernel[0] * kernel[1])) ** 0.5
        tensors = {"weight": weight} | ({"bias": zoo.random(out) * 0.1} if biased else {})
        top, left, bottom, right = padding

        def expected(x, tensors=tensors, moved=(stride, 0, dilation, groups), around=(left, right, top, bottom)):
            return F.conv2d(F.pad(x, around), tensors["weight"], tensors.get("bias"), *moved)

        moved = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        made = zoo.add(name, "conv2d", source, expected, tensors, **moved)
        if name == "conv_plain":
            source = made
    return source


def transposed(zoo, x):
    # name, out, kernel, stride, padding, dilation, output padding, groups
    plan = [
        ("up_plain", 6, (2, 2), (2, 2), (0, 0), (1, 1), (0, 0), 1),
        ("up_padded", 8, (3, 3), (2, 2), (1, 1), (1, 1), (1, 1), 4),
        ("up_depthwise", 12, (4, 4), (2, 3), (1, 0), (1, 1), (0, 1), 12),
        ("up_dilated", 4, (3, 2), (1, 2), (0, 1), (2, 2), (0, 0), 1),
    ]
    taken = zoo.net.shapes[x][1]
    for name, out, kernel, stride, padding, dilation, extra, groups in plan:
        tensors = {"weight": zoo.random(taken, out // groups, *kernel) * 0.2, "bias": zoo.random(out) * 0.1}

        def expected(x, tensors=tensors, rest=(stride, padding, extra, groups, dilation)):
            return F.conv_transpose2d(x, tensors["weight"], tensors["bias"], *rest)

        moved = {"stride": stride, "padding": padding * 2, "dilation": dilation, "groups": groups}
        zoo.add(name, "conv_transpose2d", x, expected, tensors, **moved, output_padding=extra)


def pools(zoo, x):
    zoo.add("max_pool", "max_pool2d", x, lambda x: F.max_pool2d(x, 2), kernel=[2, 2])
    moved = {"kernel": [3, 3], "stride": [2, 2], "padding": [1, 1, 1, 1]}
    zoo.add("max_padded", "max_pool2d", x, lambda x: F.max_pool2d(x, 3, 2, 1), **moved)
    zoo.add(
        "max_ceil",
        "max_pool2d",
        x,
        lambda x: F.max_pool2d(x, 3, 2, 0, ceil_mode=True),
        kernel=[3, 3],
        stride=[2, 2],
        ceil=True,
    )
    dilated = {"kernel": [2, 3], "stride": [1, 2], "padding": [1, 1, 1, 1], "dilation": [2, 2]}
    zoo.add("max_dilated", "max_pool2d", x, lambda x: F.max_pool2d(x, (2, 3), (1, 2), 1, 2), **dilated)
    zoo.add("avg_pool", "avg_pool2d", x, lambda x: F.avg_pool2d(x, 2), kernel=[2, 2])
    zoo.add("avg_padded", "avg_pool2d", x, lambda x: F.avg_pool2d(x, 3, 2, 1), **moved)
    inside = lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)  # noqa: E731
    zoo.add("avg_inside", "avg_pool2d", x, inside, **moved, count_padding=False)
    ceil = lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True)  # noqa: E731
    zoo.add("avg_ceil", "avg_pool2d", x, ceil, **moved, ceil=True)
    zoo.add("global_avg", "global_avg_pool2d", x, lambda x: F.adaptive_avg_pool2d(x, 1))


def resizes(zoo, x):
    height, width = zoo.net.shapes[x][2:]

    def add(name, size, kind, coordinates, **options):
        chosen = lambda x: F.interpolate(x, size=size, **options)  # noqa: E731
        zoo.add(name, "resize", x, chosen, mode=kind, size=size, coordinates=coordinates)

    add("nearest_twice", [2 * height, 2 * width], "nearest", "asymmetric", mode="nearest")
    add("nearest_odd", [height + 7, width - 5], "nearest", "asymmetric", mode="nearest")
    add("nearest_exact", [height + 9, width // 2], "nearest", "half_pixel", mode="nearest-exact")
    add("linear_twice", [2 * height, 2 * width], "linear", "half_pixel", mode="bilinear", align_corners=False)
    add("linear_smaller", [height - 7, width // 2], "linear", "half_pixel", mode="bilinear", align_corners=False)
    add("linear_corners", [height + 5, 2 * width], "linear", "align_corners", mode="bilinear", align_corners=True)
    zoo.add("shuffle", "pixel_shuffle", x, lambda x: F.pixel_shuffle(x, 2), factor=2)
    zoo.add("unshuffle", "pixel_unshuffle", x, lambda x: F.pixel_unshuffle(x, 2), factor=2)


def norms(zoo, x):
    channels = zoo.net.shapes[x][1]
    named = {"scale": 1 + 0.2 * zoo.random(channels), "shift": zoo.random(channels), "mean": zoo.random(channels)}
    named["variance"] = 0.5 + zoo.random(channels).abs()
    order = ("mean", "variance", "scale", "shift")
    batch = lambda x: F.batch_norm(x, *(named[key] for key in order), eps=1e-3)  # noqa: E731
    zoo.add("batch", "batch_norm", x, batch, named, epsilon=1e-3)
    affine = {"weight": 1 + 0.2 * zoo.random(channels), "bias": zoo.random(channels)}
    zoo.add("group", "group_norm", x, lambda x: F.group_norm(x, 4, *affine.values()), affine, groups=4)
    zoo.add("instance", "group_norm", x, lambda x: F.instance_norm(x, eps=1e-4), groups=channels, epsilon=1e-4)
    zoo.add("unit_channels", "l2_normalize", x, lambda x: F.normalize(x, dim=1), axis=1)
    zoo.add("layer_three", "layer_norm", x, lambda x: F.layer_norm(x, x.shape[1:]), axes_count=3)


def tokens(zoo, ids):
    table = zoo.random(31, 24)
    x = zoo.add("embedded", "embedding", ids, lambda ids: F.embedding(ids.long(), table), {"weight": table})
    affine = {"weight": 1 + 0.2 * zoo.random(24), "bias": 0.2 * zoo.random(24)}
    x = zoo.add("layer", "layer_norm", x, lambda x: F.layer_norm(x, (24,), *affine.values()), affine)
    gain = 1 + 0.2 * zoo.random(24)
    zoo.add("rms", "rms_norm", x, lambda x: F.rms_norm(x, (24,), gain, 1e-6), {"weight": gain}, epsilon=1e-6)
    parts = {}
    for name in ("query", "key", "value"):
        both = {"weight": zoo.random(24, 24) / 24**0.5, "bias": 0.1 * zoo.random(24)}
        parts[name] = zoo.add(name, "linear", x, lambda x, both=both: F.linear(x, *both.values()), both)

    def attend(q, k, v, **options):
        q, k, v = (part.unflatten(-1, (4, 6)).transpose(1, 2) for part in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, **options).transpose(1, 2).flatten(2)

    three = list(parts.values())
    mixed = zoo.add("attended", "attention", three, attend, heads=4)
    zoo.add("attended_causal", "attention", three, lambda *qkv: attend(*qkv, is_causal=True), heads=4, causal=True)
    zoo.add("attended_scaled", "attention", three, lambda *qkv: attend(*qkv, scale=0.2), heads=4, scale=0.2)
    few = zoo.add("few", "slice", parts["query"], lambda x: x[:, 1:6:2], axis=1, start=1, end=6, step=2)
    zoo.add("attended_few", "attention", [few, *three[1:]], attend, heads=4)
    zoo.add(
        "attended_few_causal",
        "attention",
        [few, *three[1:]],
        lambda *qkv: attend(*qkv, is_causal=True),
        heads=4,
        causal=True,
    )
    products(zoo, parts["query"], parts["key"], mixed)


def products(zoo, query, key, mixed):
    scores = zoo.add("scores", "matmul", [query, key], lambda a, b: a @ b.mT, transpose_b=True)
    shares = zoo.add("shares", "softmax", scores, lambda x: x.softmax(-1))
    zoo.add("shares_logarithm", "log_softmax", scores, lambda x: x.log_softmax(1), axis=1)
    zoo.add("weighed", "matmul", [shares, mixed], torch.matmul)
    table = zoo.random(1, 24, 7)
    held = zoo.add("held", "constant", [], lambda: table, {"tensor": table})
    zoo.add("by_constant", "matmul", [mixed, held], torch.matmul)
    bare = zoo.random(10, 24) / 5
    zoo.add("linear_bare", "linear", mixed, lambda x: F.linear(x, bare), {"weight": bare})


def functions(zoo, x):
    plain = {
        "relu": F.relu, "silu": F.silu, "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
        "sigmoid": torch.sigmoid, "tanh": torch.tanh, "hard_sigmoid": F.hardsigmoid, "hard_swish": F.hardswish,
        "mish": F.mish, "exp": torch.exp, "abs": torch.abs, "neg": torch.neg, "erf": torch.erf,
        "identity": lambda x: x,
    }  # fmt: skip
    made = {name: zoo.add(f"{name}_of", name, x, function) for name, function in plain.items()}
    zoo.add("sqrt_of", "sqrt", made["abs"], torch.sqrt)
    zoo.add("clipped", "clip", x, F.relu6, min=0.0, max=6.0)
    zoo.add("clipped_below", "clip", x, lambda x: x.clamp(min=-0.5), min=-0.5)
    zoo.add("clipped_above", "clip", x, lambda x: x.clamp(max=0.25), max=0.25)
    zoo.add("leaky", "leaky_relu", x, lambda x: F.leaky_relu(x, 0.2), slope=0.2)
    zoo.add("elu_of", "elu", x, lambda x: F.elu(x, 0.7), alpha=0.7)
    one, many = torch.tensor([0.15]), zoo.random(zoo.net.shapes[x][1]) * 0.3
    zoo.add("prelu_one", "prelu", x, lambda x: F.prelu(x, one), {"slope": one})
    zoo.add("prelu_many", "prelu", x, lambda x: F.prelu(x, many), {"slope": many})
    other, positive = made["tanh"], made["exp"]
    for name, function in {
        "add": torch.add,
        "sub": torch.sub,
        "mul": torch.mul,
        "max": torch.maximum,
        "min": torch.minimum,
    }.items():
        zoo.add(f"{name}_of", name, [x, other], function)
    zoo.add("div_of", "div", [x, positive], torch.div)
    zoo.add("pow_of", "pow", [positive, other], torch.pow)
    broadcasts(zoo, x)


def broadcasts(zoo, x):
    channels, height, width = zoo.net.shapes[x][1:]
    for name, shape in {"channel": (1, channels, 1, 1), "row": (width,), "column": (height, 1), "number": (1,)}.items():
        tensor = zoo.random(*shape)
        held = zoo.add(f"{name}_held", "constant", [], lambda tensor=tensor: tensor, {"tensor": tensor})
        zoo.add(f"times_{name}", "mul", [x, held], torch.mul)
        zoo.add(f"{name}_less", "sub", [held, x], torch.sub)


def arrangements(zoo, x):
    channels, height, width = zoo.net.shapes[x][1:]
    zoo.add("mean_of", "mean", x, lambda x: x.mean((2, 3)), axes=[2, 3], keep=False)
    zoo.add("mean_kept", "mean", x, lambda x: x.mean(1, keepdim=True), axes=[1])
    zoo.add("sum_of", "sum", x, lambda x: x.sum((1, 3)), axes=[1, -1], keep=False)
    zoo.add("max_of", "max_over", x, lambda x: x.amax((2,)), axes=[2], keep=False)
    zoo.add("max_all", "max_over", x, lambda x: x.amax((0, 1, 2, 3), keepdim=True), axes=[0, 1, 2, 3])
    half = [channels // 2, 2, height, width]
    parts = zoo.add("parts", "reshape", x, lambda x: x.reshape(half[0], -1, *half[2:]), shape=[half[0], -1, *half[2:]])
    turned = zoo.add("turned", "transpose", parts, lambda x: x.permute(2, 0, 3, 1), axes=[2, 0, 3, 1])
    zoo.add("joined_turned", "concat", [turned, turned], lambda a, b: torch.cat([a, b], -1), axis=-1)
    left = zoo.add("left", "slice", x, lambda x: x[..., 1:-3], axis=-1, start=1, end=-3)
    right = zoo.add("right", "slice", x, lambda x: x[..., -4::2], axis=3, start=-4, end=width, step=2)
    zoo.add("joined", "concat", [left, right, x], lambda *parts: torch.cat(parts, 3), axis=3)
    six = [1, channels // 2, 2, height // 2, 2, width]
    long = zoo.add("six", "reshape", x, lambda x: x.reshape(six), shape=six)
    zoo.add("six_turned", "transpose", long, lambda x: x.permute(0, 1, 3, 5, 2, 4), axes=[0, 1, 3, 5, 2, 4])
    around = {"before": [0, 0, 1, 2], "after": [0, 3, 0, 1]}
    zoo.add("padded", "pad", x, lambda x: F.pad(x, (2, 1, 1, 0, 0, 3), value=-0.5), **around, value=-0.5)
    zoo.add("padded_zero", "pad", x, lambda x: F.pad(x, (2, 1, 1, 0, 0, 3)), **around)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    zoo = Zoo()
    image = zoo.input("image", zoo.random(1, 3, 20, 26), PICTURE)
    ids = zoo.input("ids", torch.randint(0, 31, (2, 9), generator=zoo.draw).float())
    x = convolutions(zoo, image)
    for part in (transposed, pools, resizes, norms, functions, arrangements):
        part(zoo, x)
    tokens(zoo, ids)
    options.folder.mkdir(parents=True, exist_ok=True)
    zoo.save(options.folder)
    print(f"zoo: {len(zoo.net.layers)} layers, {len({layer['op'] for layer in zoo.net.layers})} kinds")


if __name__ == "__main__":
    main()
