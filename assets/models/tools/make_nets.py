#!/usr/bin/env python3
"""Makes public architectures with random weights: ONNX, net file, and an input with the output of PyTorch."""

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch

import net_file
import net_reference
from architectures import blaze_face, mobilenet, pfld, resnet, weights, yunet
from onnx_to_net import PICTURES, convert
from torch_to_net import to_onnx

# name -> (module, input shape, outputs, picture)
NETS = {
    "resnet18": (resnet.ResNet18, [3, 224, 224], ["logits"], "imagenet"),
    "mobilenet_v2": (mobilenet.MobileNetV2, [3, 224, 224], ["logits"], "imagenet"),
    "blaze_face": (blaze_face.BlazeFace, [3, 128, 128], ["boxes", "scores"], "signed"),
    "yunet": (yunet.YuNet, [3, 320, 320], yunet.OUTPUTS, "bytes-bgr"),
    "pfld": (pfld.Pfld, [3, 112, 112], ["points"], "unit"),
}
SEED = 11


def build(name, seed=SEED):
    """The module with its weights."""
    make, shape, _, _ = NETS[name]
    torch.manual_seed(seed)
    return weights.fill(make(), weights.picture_like(4, *shape, seed=seed + 1), seed=seed + 2)


def make(name, folder, seed=SEED, f16=False):
    _, shape, outputs, picture = NETS[name]
    module, example = build(name, seed), weights.picture_like(1, *shape, seed=seed + 3)
    model = to_onnx(module, example, ["image"], outputs)
    onnx.save(model, folder / f"{name}.onnx")
    source = f"{name} with random weights, seed {seed}"
    net = convert(model, name, source, PICTURES[picture])
    net.save(folder / f"{name}.safetensors")
    inputs = {"image": example.numpy()}
    if f16:
        make_half(net, folder, name, inputs)
    with torch.no_grad():
        results = module(example)
    results = results if isinstance(results, tuple) else (results,)
    write_io(folder / f"{name}.io.safetensors", inputs, {key: value.numpy() for key, value in zip(outputs, results)})
    for key, value in zip(outputs, results):
        print(f"{name}: {key} {list(value.shape)}, deviation {value.std():.3f}, largest {value.abs().max():.3f}")


def make_half(net, folder, name, inputs):
    """The net with rounded weights, and what exactly these weights give: f16 executors are to be compared with that."""
    net.save(folder / f"{name}.f16.safetensors", f16=True)
    rounded = net_file.load(folder / f"{name}.f16.safetensors")
    write_io(folder / f"{name}.f16.io.safetensors", inputs, net_reference.outputs(rounded, inputs, torch.float64))


def write_io(path, inputs, outputs):
    tensors = {f"input:{name}": array for name, array in inputs.items()}
    net_file.write(path, tensors | {f"output:{name}": np.ascontiguousarray(array) for name, array in outputs.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("nets", nargs="*", metavar="NET", help=f"default: all of {', '.join(NETS)}")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--f16", action="store_true", help="also as NET.f16.safetensors, with weights in f16")
    options = parser.parse_args()
    torch.set_num_threads(1)  # the same sums on every machine with the same PyTorch
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.nets or NETS:
        make(name, options.folder, options.seed, options.f16)


if __name__ == "__main__":
    main()
