"""The layers that a net file may hold: how many inputs each has, its tensors and its fields."""

from dataclasses import dataclass, field

NEEDED = object()  # a field without a default
VERSION = 1
LARGEST_RANK = 6


class BadNet(Exception):
    """A net that breaks the rules of the format. The text names the layer."""


@dataclass(frozen=True)
class Op:
    """`tensors`: name of the field -> needed or not. `fields`: name -> default. `inputs` None is one or more."""

    inputs: int | None
    tensors: dict = field(default_factory=dict)
    fields: dict = field(default_factory=dict)


NO_PADDING = [0, 0, 0, 0]
CONV = {"stride": [1, 1], "padding": NO_PADDING, "dilation": [1, 1], "groups": 1}
POOL = {"kernel": NEEDED, "stride": None, "padding": NO_PADDING, "ceil": False}  # no stride is the kernel's size
REDUCE = {"axes": NEEDED, "keep": True}
UNARY = "relu silu gelu gelu_tanh sigmoid tanh hard_sigmoid hard_swish mish exp sqrt abs neg erf identity".split()
BINARY = "add sub mul div max min pow".split()

OPS = {
    "conv2d": Op(1, {"weight": True, "bias": False}, CONV),
    "conv_transpose2d": Op(1, {"weight": True, "bias": False}, CONV | {"output_padding": [0, 0]}),
    "linear": Op(1, {"weight": True, "bias": False}),
    "matmul": Op(2, {}, {"transpose_b": False}),
    "batch_norm": Op(1, dict.fromkeys(["scale", "shift", "mean", "variance"], True), {"epsilon": 1e-5}),
    "layer_norm": Op(1, {"weight": False, "bias": False}, {"axes_count": 1, "epsilon": 1e-5}),
    "group_norm": Op(1, {"weight": False, "bias": False}, {"groups": NEEDED, "epsilon": 1e-5}),
    "rms_norm": Op(1, {"weight": False}, {"epsilon": 1e-5}),
    "clip": Op(1, {}, {"min": None, "max": None}),
    "leaky_relu": Op(1, {}, {"slope": 0.01}),
    "elu": Op(1, {}, {"alpha": 1.0}),
    "prelu": Op(1, {"slope": True}),
    "constant": Op(0, {"tensor": True}),
    "concat": Op(None, {}, {"axis": NEEDED}),
    "max_pool2d": Op(1, {}, POOL | {"dilation": [1, 1]}),
    "avg_pool2d": Op(1, {}, POOL | {"count_padding": True}),
    "global_avg_pool2d": Op(1),
    "mean": Op(1, {}, REDUCE),
    "sum": Op(1, {}, REDUCE),
    "max_over": Op(1, {}, REDUCE),
    "resize": Op(1, {}, {"mode": NEEDED, "size": NEEDED, "coordinates": NEEDED}),
    "pixel_shuffle": Op(1, {}, {"factor": NEEDED}),
    "pixel_unshuffle": Op(1, {}, {"factor": NEEDED}),
    "softmax": Op(1, {}, {"axis": -1}),
    "log_softmax": Op(1, {}, {"axis": -1}),
    "attention": Op(3, {}, {"heads": NEEDED, "scale": None, "causal": False}),
    "embedding": Op(1, {"weight": True}),
    "reshape": Op(1, {}, {"shape": NEEDED}),
    "transpose": Op(1, {}, {"axes": NEEDED}),
    "slice": Op(1, {}, {"axis": NEEDED, "start": NEEDED, "end": NEEDED, "step": 1}),
    "pad": Op(1, {}, {"before": NEEDED, "after": NEEDED, "value": 0.0}),
    "l2_normalize": Op(1, {}, {"axis": -1, "epsilon": 1e-12}),
    **{name: Op(1) for name in UNARY},
    **{name: Op(2) for name in BINARY},
}


def fields_of(layer):
    """The layer's fields with the defaults filled in; tensor fields stay names. Raises BadNet."""
    name, kind = layer.get("name"), layer.get("op")
    op = OPS.get(kind)
    if op is None:
        raise BadNet(f"layer {name}: unknown op {kind}")
    given = {key: value for key, value in layer.items() if key not in ("name", "op", "inputs")}
    if unknown := set(given) - set(op.tensors) - set(op.fields):
        raise BadNet(f"layer {name}: {kind} has no field {', '.join(sorted(unknown))}")
    needed = [key for key, must in op.tensors.items() if must]
    needed += [key for key, value in op.fields.items() if value is NEEDED]
    if missing := [key for key in needed if key not in given]:
        raise BadNet(f"layer {name}: {kind} needs {', '.join(missing)}")
    count = len(layer.get("inputs", []))
    if count != op.inputs and not (op.inputs is None and count):
        raise BadNet(f"layer {name}: {kind} takes {op.inputs or 'one or more'} inputs, not {count}")
    defaults = {key: value for key, value in op.fields.items() if value is not NEEDED}
    return defaults | dict.fromkeys(op.tensors) | given
