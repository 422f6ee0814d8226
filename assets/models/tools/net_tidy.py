"""Makes a net smaller without changing what it computes: folds norms, names what was decomposed, drops the unused."""

import numpy as np

from net_ops import fields_of


def tidy(net):
    """Changes the net in place."""
    for step in (drop_identities, fold_pads, fold_norms, fold_biases, fold_silu, fold_gelu):
        step(net)
        drop_unused(net)


def readers(net):
    """Value -> the layers that read it. An output of the net counts as None."""
    found = {}
    for layer in net.layers:
        for value in layer["inputs"]:
            found.setdefault(value, []).append(layer)
    for output in net.outputs:
        found.setdefault(output["from"], []).append(None)
    return found


def pairs(net, second, first):
    """Pairs of layers where the second is the only reader of the first."""
    makers, read = {layer["name"]: layer for layer in net.layers}, readers(net)
    for layer in list(net.layers):
        if layer["op"] in second:
            for value in layer["inputs"]:
                maker = makers.get(value)
                if maker and maker["op"] in first and read[value] == [layer]:
                    yield maker, layer
                    makers = {each["name"]: each for each in net.layers}
                    read = readers(net)
                    break


def merge(net, first, second):
    """The first layer takes the place and the name of the second."""
    first["name"] = second["name"]
    net.layers[net.layers.index(second)] = first
    place = next(index for index, layer in enumerate(net.layers) if layer is first)
    del net.layers[place]


def drop_identities(net):
    same = {layer["name"]: layer["inputs"][0] for layer in net.layers if changes_nothing(net, layer)}

    def origin(value):
        while value in same:
            value = same[value]
        return value

    for layer in net.layers:
        layer["inputs"] = [origin(value) for value in layer["inputs"]]
    given = {item["name"] for item in net.inputs}
    for output in net.outputs:
        if origin(output["from"]) not in given:  # an output is made by a layer
            output["from"] = origin(output["from"])


def changes_nothing(net, layer):
    if layer["op"] == "transpose":
        return layer["axes"] == sorted(layer["axes"])
    if layer["op"] == "reshape":
        return net.shapes[layer["name"]] == net.shapes[layer["inputs"][0]]
    return layer["op"] == "identity"


def drop_unused(net):
    makers = {layer["name"]: layer for layer in net.layers}
    waiting, needed = [output["from"] for output in net.outputs], set()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += makers[name]["inputs"] if name in makers else []
    net.layers = [layer for layer in net.layers if layer["name"] in needed]


def fold_pads(net):
    """Zeros around a picture are the padding of the convolution that follows."""
    for pad, conv in pairs(net, {"conv2d"}, {"pad"}):
        before, after = pad["before"], pad["after"]
        if pad.get("value", 0.0) == 0.0 and not any(before[:2] + after[:2]):
            more = before[2:] + after[2:]
            conv["padding"] = [old + new for old, new in zip(fields_of(conv)["padding"], more)]
            conv["inputs"] = pad["inputs"]
            net.layers.remove(pad)


def fold_norms(net):
    """A batch norm after a convolution or a linear layer becomes a part of its weights."""
    for made, norm in pairs(net, {"batch_norm"}, {"conv2d", "conv_transpose2d", "linear"}):
        if made["op"] == "linear" and len(net.shapes[made["name"]]) != 2:
            continue  # the channels of the norm are not the columns
        wide = {key: net.tensors[norm[key]].astype(np.float64) for key in ("scale", "shift", "mean", "variance")}
        factor = wide["scale"] / np.sqrt(wide["variance"] + fields_of(norm)["epsilon"])
        scale_outputs(net, made, factor, wide["shift"] - wide["mean"] * factor)
        merge(net, made, norm)


def scale_outputs(net, made, factor, shift):
    """Replaces a layer's tensors so that each output channel is multiplied and moved."""
    weight = net.tensors[made["weight"]].astype(np.float64)
    if made["op"] == "conv_transpose2d":
        groups = fields_of(made)["groups"]
        scaled = weight * np.tile(factor.reshape(groups, 1, -1), (1, len(weight) // groups, 1)).reshape(
            len(weight), -1, 1, 1
        )
    else:
        scaled = weight * factor.reshape(-1, *[1] * (weight.ndim - 1))
    old = net.tensors[made["bias"]].astype(np.float64) if "bias" in made else 0.0
    made["weight"] = net.tensor(made["weight"] + "/folded", scaled)
    made["bias"] = net.tensor(made["weight"].removesuffix("weight/folded") + "bias/folded", old * factor + shift)


def fold_biases(net):
    """A known row that is added to a product without bias is its bias."""
    constants = {layer["name"]: layer for layer in net.layers if layer["op"] == "constant"}
    for made, add in pairs(net, {"add"}, {"linear"}):
        other = [value for value in add["inputs"] if value != made["name"]]
        row = net.tensors[constants[other[0]]["tensor"]] if other and other[0] in constants else None
        columns = net.shapes[made["name"]][-1]
        if "bias" in made or row is None or row.size != columns or row.shape[-1] != columns:
            continue
        if len(row.shape) > len(net.shapes[made["name"]]):
            continue
        name = constants[other[0]]["tensor"]
        made["bias"] = name if row.ndim == 1 else net.tensor(name + "/row", row.reshape(-1))
        merge(net, made, add)


def fold_silu(net):
    """x * sigmoid(x), and x * hard_sigmoid(x)."""
    names = {"sigmoid": "silu", "hard_sigmoid": "hard_swish"}
    for gate, product in pairs(net, {"mul"}, set(names)):
        others = [value for value in product["inputs"] if value != gate["name"]]
        if others == gate["inputs"]:
            gate["op"] = names[gate["op"]]
            merge(net, gate, product)


def fold_gelu(net):
    """x * (1 + erf(x / sqrt(2))) / 2, its factors in any order."""
    makers, read = {layer["name"]: layer for layer in net.layers}, readers(net)

    def operands(name, op):
        """What a layer of this kind computes from: (value, number) or both values. None if it is another kind."""
        layer = makers.get(name)
        if layer is None or layer["op"] != op:
            return None
        first, second = layer["inputs"]
        return (second, number(first)) if number(first) is not None else (first, number(second) or second)

    def number(name):
        layer = makers.get(name)
        held = net.tensors[layer["tensor"]] if layer and layer["op"] == "constant" else None
        return float(held.item()) if held is not None and held.size == 1 else None

    for erf in [layer for layer in net.layers if layer["op"] == "erf"]:
        x = scaled_input(operands, erf["inputs"][0])
        found = x and gelu_around(erf["name"], x, operands, read)
        if found:
            layer = makers[found]
            if net.shapes[found] == net.shapes[x]:
                layer.clear()
                layer |= {"name": found, "op": "gelu", "inputs": [x]}


def scaled_input(operands, name):
    """x, if the value is x / sqrt(2)."""
    for op, factor in (("div", 2**0.5), ("mul", 0.5**0.5)):
        found = operands(name, op)
        if found and isinstance(found[1], float) and abs(found[1] - factor) < 1e-5:
            return found[0]
    return None


def gelu_around(name, x, operands, read):
    """The value that is x * (1 + name) / 2, if what reads `name` makes it."""
    halves, with_x, plus_one = 0, 0, False
    while True:
        readers_of = read.get(name, [])
        if plus_one and halves == 1 and with_x == 1:
            return name
        if len(readers_of) != 1 or readers_of[0] is None:
            return None
        layer = readers_of[0]
        found = operands(layer["name"], layer["op"]) if layer["op"] in ("add", "mul") else None
        if not found:
            return None
        other = found[1] if found[0] == name else found[0]
        if layer["op"] == "add" and other == 1.0 and not plus_one:
            plus_one = True
        elif layer["op"] == "mul" and other == 0.5 and plus_one:
            halves += 1
        elif layer["op"] == "mul" and other == x and plus_one:
            with_x += 1
        elif layer["op"] == "mul" and plus_one and half_of(other, x, operands):
            with_x, halves = with_x + 1, halves + 1
        else:
            return None
        name = layer["name"]


def half_of(name, x, operands):
    found = operands(name, "mul") if isinstance(name, str) else None
    return bool(found) and found[0] == x and found[1] == 0.5
