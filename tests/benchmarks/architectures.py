"""Time one update of gated networks: our estimator against PyTorch's modules, interleaved, on one thread.

    python tests/benchmarks/architectures.py [--rounds 9] [--json FILE]

The reference is the usual loop: torch.nn.GRUCell or LSTMCell called step by step, a linear readout of each step, a
masked loss with the activity penalty, and backward(), which is BPTT. E-prop, which we compute by cutting credit, is
compared with the same reference. The gradients of BPTT must agree before they are timed. Times are CPU times, and the
ratio is the median of the rounds' ratios. Leaky networks of the same size, by their own engine, are timed beside them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from measured import Measured, seconds, write

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.options import network_options
from helpers.torch_cells import CELLS, module_of

from neurorules.learning.base.learning_rule import load_learning_rule
from neurorules.network.architecture import make_architecture
from neurorules.network.architectures.base.cell import load_architecture
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Parameters
from neurorules.options import Options
from neurorules.tasks.base.losses import ScoredTrials, mean_squared_error
from neurorules.tasks.base.trials import Trials

PENALTY = 10.0
# units, steps, trials, inputs, outputs: the reach, context-dependent decisions, and the companion's tasks
SHAPES = [(200, 300, 100, 3, 2), (400, 34, 100, 9, 3), (64, 75, 32, 3, 2)]


def options_of(architecture: str, units: int) -> Options:
    tau_steps = 10 if architecture == "leaky" else 1
    return network_options(architecture=architecture, units=units, activation="tanh", tau_steps=tau_steps)


def trials_of(shape: tuple[int, ...]) -> Trials:
    _, n_steps, n_trials, n_inputs, n_outputs = shape
    rng = np.random.default_rng(0)
    inputs, targets = (rng.standard_normal((n_steps, n_trials, n)).astype(np.float32) for n in (n_inputs, n_outputs))
    return Trials(inputs, targets, rng.random((n_steps, n_trials)) < 0.9, np.zeros(n_trials, np.int64))


def ours(
    architecture: str, rule: str, shape: tuple[int, ...], trials: Trials
) -> tuple[Parameters, Callable[[], Parameters]]:
    units, n_steps, n_trials, n_inputs, n_outputs = shape
    options = options_of(architecture, units)
    with torch.inference_mode():
        sizes = load_architecture(architecture).sizes(n_inputs, units, n_outputs)
        theta = initialise(sizes, options, np.random.default_rng(0))
        compiled = make_architecture(options, [None], theta.flat, compiled=True)
        estimator = load_learning_rule(rule).estimator(Options({}), theta, compiled, n_steps, n_trials, [0])
        inputs, batch = torch.as_tensor(trials.inputs), ScoredTrials(trials, like=theta.flat)

    @torch.inference_mode()
    def update() -> Parameters:
        return estimator.update(inputs, None, mean_squared_error, batch, [PENALTY]).gradient

    return theta, update


def usual(architecture: str, theta: Parameters, trials: Trials) -> Callable[[], torch.Tensor]:
    """The loop over PyTorch's module; returns the gradient of its recurrent weights."""
    sizes, named = theta.sizes, {name: tensor.clone() for name, tensor in theta.named().items()}
    module, readout = module_of(architecture, named), torch.nn.Linear(sizes.units, sizes.outputs)
    with torch.no_grad():
        readout.weight.copy_(named["readout"])
        readout.bias.copy_(named["readout_bias"])
    inputs, targets = torch.as_tensor(trials.inputs), torch.as_tensor(trials.targets)
    scored = torch.as_tensor(trials.scored)

    def update() -> torch.Tensor:
        module.zero_grad()
        readout.zero_grad()
        h = torch.zeros(inputs.shape[1], sizes.units)
        c, hidden, outputs = h, [], []
        for x in inputs:
            if architecture == "gru":
                h = module(x, h)
            else:
                h, c = module(x, (h, c))
            hidden.append(h)
            outputs.append(readout(h))
        loss = ((torch.stack(outputs)[scored] - targets[scored]) ** 2).mean()
        (loss + PENALTY * torch.stack(hidden).square().mean()).backward()
        return module.weight_hh.grad

    return update


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    measured = []
    for shape in SHAPES:
        trials = trials_of(shape)
        sized = f"N = {shape[0]}, {shape[1]} steps x {shape[2]} trials"
        leaky = ours("leaky", "bptt", shape, trials)[1]
        for architecture in CELLS:
            theta, bptt = ours(architecture, "bptt", shape, trials)
            _, eprop = ours(architecture, "eprop", shape, trials)
            reference = usual(architecture, theta, trials)
            expected, found = reference(), bptt().recurrent
            difference = float((found - expected).abs().max() / expected.abs().max())
            assert difference < 1e-3, f"{architecture}: gradients differ by {difference:g}"
            sides = {"bptt": bptt, "eprop": eprop, "usual": reference, "leaky": leaky}
            for work in sides.values():
                work()
            rounds = [{name: seconds(work) for name, work in sides.items()} for _ in range(options.rounds)]
            for name in ("bptt", "eprop", "leaky"):
                ratio = median(one["usual"] / one[name] for one in rounds)
                whose = f"leaky bptt against {architecture}" if name == "leaky" else f"{architecture} {name}"
                print(f"{whose}, {sized}: {median(one[name] for one in rounds):.3f} s, {ratio:.2f} x the usual loop")
                better = None if name == "leaky" else "more"
                measured.append(Measured(f"{whose}, {sized}", ratio, "times the usual loop", better))
    write(options.json, measured)


if __name__ == "__main__":
    main()
