"""The net file: a safetensors file whose metadata describes the layers. Builds, writes and reads it."""

import json
import os
import struct
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from net_ops import OPS, VERSION, BadNet, fields_of
from net_shapes import shape_of

KEY = "freshet.net"
ALIGNMENT = 64  # bytes: where the tensors begin
LARGEST_HEADER = 100_000_000
TYPES = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "F64": np.dtype("<f8"), "I64": np.dtype("<i8")}


class Net:
    """A net: inputs, layers, outputs and tensors (f32 arrays). `shapes` holds the shape of every value."""

    def __init__(self, name, source=""):
        self.name, self.source = name, source
        self.inputs, self.layers, self.outputs = [], [], []
        self.tensors, self.shapes = {}, {}

    def input(self, name, shape, picture=None):
        """Adds an input and returns its name. `picture`: what a pixel becomes (a dictionary, see README.md)."""
        self.inputs.append({"name": name, "shape": list(map(int, shape))} | ({"picture": picture} if picture else {}))
        self.shapes[name] = list(map(int, shape))
        return name

    def layer(self, op, inputs, name, **fields):
        """Adds a layer and returns its name, which is made unique. Fields that are None are left out."""
        name = unique(name, self.shapes)
        given = {key: plain(value) for key, value in fields.items() if value is not None}
        layer = {"name": name, "op": op, "inputs": list(inputs)} | given
        values = [self.shapes[value] for value in inputs]
        self.shapes[name] = shape_of(layer, fields_of(layer), values, self.tensor_shape)
        self.layers.append(layer)
        return name

    def tensor(self, name, values):
        """Adds a tensor and returns its name, made unique; the same array under the same name is kept once."""
        values = np.ascontiguousarray(values, np.float32)
        values = values.reshape(values.shape or (1,))
        if name in self.tensors and np.array_equal(self.tensors[name], values, equal_nan=True):
            return name
        name = unique(name, self.tensors)
        self.tensors[name] = values
        return name

    def output(self, name, source):
        self.outputs.append({"name": name, "from": source})

    def tensor_shape(self, name):
        if name not in self.tensors:
            raise BadNet(f"no tensor {name}")
        return list(self.tensors[name].shape)

    def tensors_used(self):
        """Names of the tensors in the order of use."""
        used = []
        for layer in self.layers:
            used += [layer[key] for key in OPS[layer["op"]].tensors if key in layer]
        return list(dict.fromkeys(used))

    def description(self):
        about = {"version": VERSION, "name": self.name, "source": self.source}
        return about | {"inputs": self.inputs, "layers": self.layers, "outputs": self.outputs}

    def save(self, path, f16=False):
        """Writes the file; a file that was there stays until the new one is whole."""
        write(path, {name: self.tensors[name] for name in self.tensors_used()}, self.description(), f16)


def plain(value):
    """Numbers of numpy as those of Python, tuples as lists."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def unique(name, taken):
    """The name, or the name with the first number that makes it new."""
    if name not in taken:
        return name
    return next(new for number in range(2, len(taken) + 3) if (new := f"{name}.{number}") not in taken)


def halved(values):
    """As f16, or unchanged where f16 does not reach."""
    largest = np.abs(values[np.isfinite(values)]).max(initial=0.0)
    return values.astype(np.float16) if largest <= np.finfo(np.float16).max else values


def write(path, tensors, description=None, f16=False):
    """Writes tensors in their order (those in f32 before those in f16, so that each is aligned to its own type)."""
    if f16:
        tensors = {name: halved(values) for name, values in tensors.items()}
    ordered = sorted(tensors.items(), key=lambda item: -item[1].itemsize)  # keeps the order of equals
    header = (
        {"__metadata__": {KEY: json.dumps(description, ensure_ascii=False, allow_nan=False)}} if description else {}
    )
    place = 0
    for name, values in ordered:
        kind = next(key for key, dtype in TYPES.items() if dtype == values.dtype)
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [place, place + values.nbytes]}
        place += values.nbytes
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-(len(text) + 8) % ALIGNMENT)
    with whole_file(path) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, values in ordered:
            file.write(np.ascontiguousarray(values).tobytes())


@contextmanager
def whole_file(path):
    """A file beside `path` that takes its name when all went well, and is removed otherwise."""
    path = Path(path)
    number, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            yield file
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def read_tensors(path):
    """(tensors as stored, metadata). Raises BadNet, naming the file, or OSError."""
    data = Path(path).read_bytes()
    try:
        size = struct.unpack("<Q", data[:8])[0]
        if size > min(LARGEST_HEADER, len(data) - 8):
            raise ValueError("the header is longer than the file")
        header = json.loads(data[8 : 8 + size])
        metadata = header.pop("__metadata__", {})
        return {name: view(data, 8 + size, about) for name, about in header.items()}, metadata
    except (ValueError, KeyError, struct.error, AttributeError, TypeError) as error:
        raise BadNet(f"{path}: no safetensors file: {error}") from error


def view(data, base, about):
    dtype = TYPES.get(about["dtype"])
    start, end = about["data_offsets"]
    if about["dtype"] == "BF16":
        wide = np.frombuffer(data[base + start : base + end], "<u2").astype("<u4") << 16
        return wide.view("<f4").reshape(about["shape"])
    return np.frombuffer(data[base + start : base + end], dtype).reshape(about["shape"])


def load(path):
    """Reads a net file into a Net, checking every layer. Raises BadNet."""
    tensors, metadata = read_tensors(path)
    if KEY not in metadata:
        raise BadNet(f"{path}: no {KEY} in the metadata")
    about = json.loads(metadata[KEY])
    if about.get("version") != VERSION:
        raise BadNet(f"{path}: version {about.get('version')}, not {VERSION}")
    net = Net(about["name"], about.get("source", ""))
    net.tensors = {name: values.astype(np.float32) for name, values in tensors.items()}
    for given in about["inputs"]:
        net.input(given["name"], given["shape"], given.get("picture"))
    for layer in in_order(about["layers"], net.shapes):
        fields = {key: value for key, value in layer.items() if key not in ("name", "op", "inputs")}
        if net.layer(layer["op"], layer["inputs"], layer["name"], **fields) != layer["name"]:
            raise BadNet(f"{path}: two values are named {layer['name']}")
    for output in about["outputs"]:
        if output["from"] not in net.shapes:
            raise BadNet(f"{path}: output {output['name']} is from {output['from']}, which is not there")
        net.output(output["name"], output["from"])
    return net


def in_order(layers, known):
    """The layers such that each comes after those that it reads; otherwise as they are."""
    ready, ordered = set(known), []
    while layers:
        waiting = []
        for layer in layers:
            if all(value in ready for value in layer["inputs"]):
                ordered.append(layer)
                ready.add(layer["name"])
            else:
                waiting.append(layer)
        if len(waiting) == len(layers):
            raise BadNet(f"layer {waiting[0]['name']} reads what is not there, or reads itself")
        layers = waiting
    return ordered
