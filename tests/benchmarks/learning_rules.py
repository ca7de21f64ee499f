"""Time one update of every learning rule against one of BPTT, interleaved, on one thread.

    python tests/benchmarks/learning_rules.py [--rounds 9] [--json FILE]

The network is small (32 units), because the cost of some learning rules grows with the fourth power of its units. It
has cell types and obeys Dale's law for learning rules that need cell types. Options are the defaults of
config/config.yaml. Times are CPU times; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
import yaml
from architectures import PENALTY, seconds, trials_of
from measured import Measured, write

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.options import network_options

from neurorules.learning.base.learning_rule import LEARNING_RULES, load_learning_rule
from neurorules.network.architecture import make_architecture
from neurorules.network.connectivity import draw_mask
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Sizes
from neurorules.options import Options
from neurorules.study.yaml_source import BASE_CONFIG
from neurorules.tasks.base.losses import ScoredTrials, mean_squared_error

SHAPE = UNITS, N_STEPS, N_TRIALS, N_INPUTS, N_OUTPUTS = (32, 50, 32, 3, 2)
CELL_TYPES = {"modprop": 4, "mdgl": 4}


def update_of(learning_rule: str) -> Callable[[], object]:
    """One update of a network, without the optimiser's step."""
    cell_types = CELL_TYPES.get(learning_rule, 0)
    network = network_options(
        units=UNITS, activation="relu", dale=cell_types > 0, cell_types_per_sign=cell_types, noise_sd=0.0
    )
    learning = Options(yaml.safe_load(Path(BASE_CONFIG).read_text())["learning_rules"].get(learning_rule) or {})
    trials = trials_of(SHAPE)
    with torch.inference_mode():
        rng = np.random.default_rng(0)
        mask = draw_mask(UNITS, network, rng)
        theta = initialise(Sizes(N_INPUTS, UNITS, N_OUTPUTS), network, rng, mask)
        architecture = make_architecture(network, [mask], theta.flat, compiled=True)
        rule = load_learning_rule(learning_rule)
        estimator = rule.estimator(learning, theta, architecture, N_STEPS, N_TRIALS, [0])
        inputs, batch = torch.as_tensor(trials.inputs), ScoredTrials(trials, like=theta.flat)

    @torch.inference_mode()
    def update() -> object:
        return estimator.update(inputs, None, mean_squared_error, batch, [PENALTY])

    return update


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="interleaved repetitions (default 9)")
    parser.add_argument("--json", type=Path, help="a file for the numbers")
    options = parser.parse_args()
    torch.set_num_threads(1)
    updates = {name: update_of(name) for name in LEARNING_RULES.names()}
    times: dict[str, list[float]] = {name: [] for name in updates}
    for update in updates.values():
        update()
    for _ in range(options.rounds):
        for name, update in updates.items():
            update()  # otherwise, the previous learning rule's memory would still be in the cache
            times[name].append(seconds(update))
    cost = {
        name: median(own / exact for own, exact in zip(taken, times["bptt"], strict=True))
        for name, taken in times.items()
    }
    measured = []
    for name in sorted(set(cost) - {"bptt"}, key=cost.__getitem__):
        print(f"{name:24} {cost[name]:7.2f} times BPTT, {1e3 * median(times[name]):8.2f} ms")
        what = f"{name}, {UNITS} units, {N_STEPS} steps, {N_TRIALS} trials"
        measured.append(Measured(what, cost[name], "times BPTT", "less"))
    write(options.json, measured)


if __name__ == "__main__":
    main()
