#!/usr/bin/env python3
"""Times ResNet-18 at 224x224, batch 1, with PyTorch: eager and as a CUDA graph. Prints one line of JSON.

Needs PyTorch and numpy only. Every variant is measured in three ways, the input being on the device already:
`wall`: one inference and a wait for the device; `wall_out`: one inference and its output copied back; `stream`:
a burst of inferences and one wait, per inference. Variants take turns, so that what else the machine does meets all.
"folded" has the batch norms folded into the convolutions, as every other runtime does when it loads a net.
Without CUDA it measures eager f32 on the processor.
"""

import argparse
import copy
import gc
import json
import sys
import time
from pathlib import Path

import torch
from torch import nn

import nets
import compare_nets
import net_file
from architectures import resnet, weights

SEED = 11
SHAPE = (3, 224, 224)
WARM_UP, BURST = 50, 50
CPU_WARM_UP, CPU_BURST = 3, 5
ROUNDS = 10


def random_net():
    """With batch norms, as PyTorch runs it unless they are folded."""
    torch.manual_seed(SEED)
    return weights.fill(resnet.ResNet18(), weights.picture_like(4, *SHAPE, seed=SEED + 1), seed=SEED + 2)


def net_from(path):
    """Convolutions and the last layer of a net file, in their order; the file has folded the batch norms into them."""
    file, module = net_file.load(path), resnet.ResNet18()
    layers = [layer for layer in file.layers if layer["op"] in ("conv2d", "linear")]
    for child in list(module.modules()):
        for name, part in child.named_children():
            if isinstance(part, nn.BatchNorm2d):
                setattr(child, name, nn.Identity())
    parts = [part for part in module.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    if len(parts) != len(layers):
        raise SystemExit(f"{path}: {len(layers)} layers have weights, a ResNet-18 has {len(parts)}")
    for part, layer in zip(parts, layers):
        part.weight = nn.Parameter(torch.tensor(file.tensors[layer["weight"]]))
        part.bias = nn.Parameter(torch.tensor(file.tensors[layer["bias"]]))
    return module.eval()


def captured(module, x):
    """A function that replays the module as a CUDA graph on its own input and output."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(5):
            module(x)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = module(x)

    def replay():
        graph.replay()
        return y

    return replay


def folded(module):
    """A copy without batch norms."""
    module = copy.deepcopy(module)
    for part in list(module.modules()):
        names = [name for name, _ in part.named_children()]
        for first, second in zip(names, names[1:]):
            conv, norm = getattr(part, first), getattr(part, second)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(part, first, nn.utils.fusion.fuse_conv_bn_eval(conv, norm))
                setattr(part, second, nn.Identity())
    return module


def variants(kind, module, x, device):
    """(name, whether TF32 is allowed, function) of all that is measured of a module."""
    if device == "cpu":
        return [(f"eager f32 {kind}", False, lambda: module(x))]
    module, x = module.to(device), x.to(device)
    half = copy.deepcopy(module).half().to(memory_format=torch.channels_last)
    half_x = x.half().contiguous(memory_format=torch.channels_last)
    found = []
    for name, tf32, net, given in (("f32", False, module, x), ("tf32", True, module, x), ("f16", True, half, half_x)):
        switch(tf32)
        found.append((f"eager {name} {kind}", tf32, lambda net=net, given=given: net(given)))
        found.append((f"graph {name} {kind}", tf32, captured(net, given)))
    return found


def switch(tf32):
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cuda.matmul.allow_tf32 = tf32


def measure(chosen, wait, runs, warm_up, length):
    """Summaries of the three ways for each variant."""
    taken = {name: {"wall": [], "wall_out": [], "stream": []} for name, _, _ in chosen}
    for _ in range(ROUNDS):
        for name, tf32, run in chosen:
            switch(tf32)
            for _ in range(warm_up if not taken[name]["wall"] else 3):
                run()
            wait()
            times = taken[name]
            times["wall"] += [timed(run, wait) for _ in range(-(-runs // ROUNDS))]
            times["wall_out"] += [timed(lambda: run().cpu(), None) for _ in range(-(-runs // ROUNDS))]
            times["stream"].append(burst(run, wait, length))
    return {name: {way: nets.summary(each) for way, each in ways.items()} for name, ways in taken.items()}


def timed(run, wait):
    start = time.perf_counter()
    run()
    if wait:
        wait()
    return time.perf_counter() - start


def burst(run, wait, length):
    start = time.perf_counter()
    for _ in range(length):
        run()
    wait()
    return (time.perf_counter() - start) / length


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", type=Path, help="resnet18.safetensors; random weights with batch norms otherwise")
    parser.add_argument("--io", type=Path, help="resnet18.io.safetensors, to check the results with")
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2, help="on the processor")
    parser.add_argument("--cpu", action="store_true", help="leave CUDA alone")
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() and not options.cpu else "cpu"
    torch.set_num_threads(options.threads)
    torch.backends.cudnn.benchmark = True
    modules = {"folded": net_from(options.net)} if options.net else {"norms": random_net()}
    if not options.net:
        modules["folded"] = folded(modules["norms"])
    stored = net_file.read_tensors(options.io)[0] if options.io else {}
    x = torch.tensor(stored["input:image"]) if stored else weights.picture_like(1, *SHAPE, seed=SEED + 3)
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    with torch.no_grad():
        first = next(iter(modules.values()))
        expected = stored["output:logits"] if stored else first(x).numpy()
        chosen = [each for kind, module in modules.items() for each in variants(kind, module, x, device)]
    with torch.inference_mode():
        errors = {}
        for name, tf32, run in chosen:
            switch(tf32)
            errors[name] = float(compare_nets.errors(run().float().cpu().numpy(), expected)[0])
        gc.disable()
        counts = (WARM_UP, BURST) if device == "cuda" else (CPU_WARM_UP, CPU_BURST)
        times = measure(chosen, wait, options.runs, *counts)
    print(json.dumps(about(device, options) | {"times": times, "relative_errors": errors}))
    good = all(error < (1e-3 if " f32 " in name else 3e-2) for name, error in errors.items())
    return 0 if good else 1


def about(device, options):
    name = torch.cuda.get_device_name() if device == "cuda" else f"cpu, {options.threads} threads"
    return {"net": "resnet18", "device": name, "torch": torch.__version__, "load": nets.load()}


if __name__ == "__main__":
    sys.exit(main())
