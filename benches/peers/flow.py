"""Dense flow: mean end-point error over the pairs of `pairs.py`, beside DIS, in pixels that both frames show."""

import cv2
import numpy as np

import pairs
import peers
import photographs
import report

PEERS = {"DIS FAST": "FAST", "DIS MEDIUM": "MEDIUM"}
PRESETS = ["fast", "balanced", "accurate"]


def run(kit):
    names = photographs.QUICK if kit.quick else photographs.NAMES
    made = pairs.make_all(kit.data, kit.seed, names)
    found = {name: [calculate(pair.previous, pair.current) for pair in made] for name, calculate in peer_flows()}
    for preset in PRESETS:
        found[preset] = ours(kit.programs, made, preset)
    errors = {method: np.array(list(map(end_point_error, flows, made))) for method, flows in found.items()}

    motions = np.array([pair.motion for pair in made])
    rows = [(motion, *(errors[method][motions == motion].mean() for method in errors)) for motion in pairs.MOTIONS]
    rows.append(("all", *(errors[method].mean() for method in errors)))
    rows.append(("worst pair", *(errors[method].max() for method in errors)))
    report.table(f"Flow: mean end-point error, px, {len(made)} pairs, seed {kit.seed}", list(errors), rows)
    wins = int((errors["accurate"] < errors["DIS MEDIUM"]).sum())
    print(f"accurate is nearer to the truth than DIS MEDIUM on {wins} of {len(made)} pairs")
    picture(kit)
    each = [{"photograph": pair.name, "motion": pair.motion} for pair in made]
    for place, entry in enumerate(each):
        entry |= {method: errors[method][place] for method in errors}
    return {"columns": list(errors), "rows": rows, "accurate_better_than_dis_medium": wins, "pairs": each}


def peer_flows():
    return [(name, peers.dis(preset)) for name, preset in PEERS.items()]


def ours(programs, made, preset):
    """The flow of all pairs, in their order: one run of the program for each size of picture."""
    by_size = {}
    for place, pair in enumerate(made):
        by_size.setdefault(pair.previous.shape, []).append(place)
    flows = [None] * len(made)
    for places in by_size.values():
        found = programs.flow([(made[place].previous, made[place].current) for place in places], preset)
        for place, flow in zip(places, found):
            flows[place] = flow
    return flows


def end_point_error(flow, pair):
    return float(np.hypot(*np.moveaxis(flow - pair.flow, 2, 0))[pair.valid].mean())


def picture(kit):
    """The two flows of a real pair of frames, without a known truth, as colours."""
    previous, current = (photographs.grey(kit.data, f"rubberwhale{number}.png") for number in (1, 2))
    theirs = peers.dis("MEDIUM")(previous, current)
    (found,) = kit.programs.flow([(previous, current)], "accurate")
    full = np.percentile(np.hypot(theirs[..., 0], theirs[..., 1]), 99)
    sides = {"DIS MEDIUM": theirs, "Freshet, accurate": found}
    halves = [report.labelled(report.colour_wheel(flow, full), label) for label, flow in sides.items()]
    path = kit.out / "flow_rubberwhale.png"
    cv2.imwrite(str(path), np.hstack(halves))
    print(f"picture in {path}")
