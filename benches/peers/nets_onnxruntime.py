#!/usr/bin/env python3
"""Times the five nets with ONNX Runtime on two threads, and checks its results against those of PyTorch."""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime

import nets
import report
import compare_nets
import net_costs
import net_file

THREADS = 2
WARM_UP = 10
TOLERANCE = 1e-3
COLUMNS = ["median ms", "least", "p10", "p90", "runs", "GFLOP", "GFLOP/s", "error"]


def session(path, threads):
    """All of ONNX Runtime's own optimizations, on `threads` threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def measure(folder, name, threads, runs):
    """Times of one net, and the largest relative error of its outputs."""
    running = session(folder / f"{name}.onnx", threads)
    stored = net_file.read_tensors(folder / f"{name}.io.safetensors")[0]
    inputs = {item.name: stored[f"input:{item.name}"] for item in running.get_inputs()}
    names = [item.name for item in running.get_outputs()]
    error = 0.0
    for output, value in zip(names, running.run(names, inputs)):
        error = max(error, compare_nets.errors(value, stored[f"output:{output}"])[0])
    for _ in range(WARM_UP):
        running.run(names, inputs)
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        running.run(names, inputs)
        taken.append(time.perf_counter() - start)
    gflop = net_costs.gflop(net_file.load(folder / f"{name}.safetensors"))
    about = nets.summary(taken)
    return about | {"gflop": gflop, "gflop_per_s": 1e3 * gflop / about["median_ms"], "error": error}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="what assets/models/tools/make_nets.py made")
    parser.add_argument("nets", nargs="*", metavar="NET", help=f"default: {', '.join(nets.NAMES)}")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--out", type=Path, default=nets.REPOSITORY / "out" / "peers", help="default: %(default)s")
    options = parser.parse_args()
    results = {}
    for name in options.nets or nets.NAMES:
        results[name] = measure(options.folder, name, options.threads, options.runs)
    keys = ["median_ms", "least_ms", "p10_ms", "p90_ms", "runs", "gflop", "gflop_per_s"]
    rows = [(name, *(each[key] for key in keys), f"{each['error']:.1e}") for name, each in results.items()]
    report.table(f"ONNX Runtime {onnxruntime.__version__}, {options.threads} threads", COLUMNS, rows)
    about = {"onnxruntime": onnxruntime.__version__, "threads": options.threads, "load": nets.load()}
    report.save(options.out, "nets_onnxruntime", {"about": about, "nets": results})
    worst = max(each["error"] for each in results.values())
    return 0 if np.isfinite(worst) and worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
