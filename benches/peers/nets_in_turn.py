"""Our kernels on the CPU and ONNX Runtime, in turn, on the same nets: medians over rounds, least times, ratios.

    python3 benches/peers/nets_in_turn.py PROGRAM FOLDER [--rounds 7] [--threads 2] [--nets resnet18,...]

PROGRAM is the built bench `nets` (`cargo build --workspace --bench nets`, then `target/debug/deps/nets-*`), FOLDER what
`assets/models/tools/make_nets.py` wrote. On a shared machine only what ran in the same seconds can be compared.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import numpy as np
import onnxruntime

NETS = "resnet18,mobilenet_v2,blaze_face,yunet,pfld"
RUNS = 60


def ours(program, net, threads):
    command = [program, net.with_suffix(".safetensors"), "--only", "cpu", "--threads", str(threads), "--runs", str(RUNS)]
    made = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    return made["median_ms"], made["min_ms"], made["apart"]


def theirs(net, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(net.with_suffix(".onnx"), options, providers=["CPUExecutionProvider"])
    feed = {one.name: np.random.default_rng(1).random(one.shape, np.float32) for one in session.get_inputs()}
    times = []
    for run in range(RUNS + 3):
        start = time.perf_counter()
        session.run(None, feed)
        if run >= 3:
            times.append((time.perf_counter() - start) * 1e3)
    return float(np.median(times)), min(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--nets", default=NETS)
    asked = parser.parse_args()
    for name in asked.nets.split(","):
        net = asked.folder / name
        rounds = [(ours(asked.program, net, asked.threads), theirs(net, asked.threads)) for _ in range(asked.rounds)]
        median = [float(np.median([one[who][0] for one in rounds])) for who in (0, 1)]
        least = [min(one[who][1] for one in rounds) for who in (0, 1)]
        print(
            f"{name:14} ours {median[0]:7.2f} ms (least {least[0]:6.2f})   ONNX Runtime {median[1]:7.2f} ms (least {least[1]:6.2f})"
            f"   ratio {median[0] / median[1]:.2f} (least {least[0] / least[1]:.2f})   apart {rounds[0][0][2]:.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
