"""Time of one update's gradients: the engine against the usual autograd loop, interleaved, on one thread.

    python tests/benchmarks/engine.py [--rounds 15]

The reference is the loop as it is usually written and as the published code has it: nn.Linear modules called step
by step on (trial, step, input), a tensor of recurrent noise added at every step (zeros where there is none), hidden
states and outputs appended and stacked, a masked loss with the activity penalty, and backward(). Both sides compute the
loss and all gradients of the same network and batch, and are checked to agree before they are timed. Times are
medians over rounds, the ratio is the median of the rounds' ratios. GFLOP/s counts the matrix products that the
learning rule needs, and the share is of the rate that a 1000 x 1000 product reaches in the same rounds.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from neurorules.learning.engine import Engine
from neurorules.learning.learning_rule import load_learning_rule
from neurorules.network.activations import ACTIVATIONS
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Parameters, Sizes
from neurorules.network.rnn import Network
from neurorules.tasks.losses import ScoredTrials, mean_squared_error
from neurorules.tasks.trials import Trials

ALPHA, PENALTY = 0.1, 10.0
SHAPES = [(200, 300, 100, 3, 2), (400, 113, 72, 9, 3), (64, 75, 32, 3, 2)]
NETWORK = {
    "gain": 1.0,
    "recurrent_scale": 1.5,
    "input_init": "normal",
    "bias_init": "zero",
    "gain_scales_readout": False,
}


class UsualLoop(torch.nn.Module):
    """The network as a module with autograd; e-prop by detaching h in the recurrent product."""

    def __init__(self, parameters: Parameters, eprop: bool) -> None:
        super().__init__()
        sizes = parameters.sizes
        self.inputs = torch.nn.Linear(sizes.inputs, sizes.units)
        self.recurrent = torch.nn.Linear(sizes.units, sizes.units, bias=False)
        self.readout = torch.nn.Linear(sizes.units, sizes.outputs)
        self.initial_state = torch.nn.Parameter(parameters.initial_state.clone())
        self.eprop = eprop
        with torch.no_grad():
            self.inputs.weight.copy_(parameters.input)
            self.inputs.bias.copy_(parameters.bias)
            self.recurrent.weight.copy_(parameters.recurrent)
            self.readout.weight.copy_(parameters.readout)
            self.readout.bias.copy_(parameters.readout_bias)

    def forward(self, inputs: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs (trial, step, input), noise (trial, step, unit)."""
        silent = torch.zeros(1)
        state = self.initial_state.repeat(len(inputs), 1)
        h = torch.maximum(torch.tanh(state), silent)
        hidden, outputs = [], []
        for t in range(inputs.shape[1]):
            sent = h.detach() if self.eprop else h
            state = state + ALPHA * (-state + self.recurrent(sent) + self.inputs(inputs[:, t]))
            h = torch.maximum(torch.tanh(state), silent) + noise[:, t]
            hidden.append(h)
            outputs.append(self.readout(h))
        return torch.stack(outputs, 1), torch.stack(hidden, 1)

    def gradients(self, inputs, noise, targets, scored) -> None:
        self.zero_grad()
        outputs, hidden = self(inputs, noise)
        loss = ((outputs[scored] - targets[scored]) ** 2).mean() + PENALTY * (hidden**2).mean()
        loss.backward()


def seconds(work) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def compare(shape: tuple[int, ...], learning_rule: str, noise_sd: float, rounds: int) -> str:
    n_units, n_steps, n_trials, n_inputs, n_outputs = shape
    rng = np.random.default_rng(0)
    parameters = initialise(Sizes(n_inputs, n_units, n_outputs), NETWORK, rng)
    # Away from 0, where the derivative is a matter of convention.
    parameters.initial_state.copy_(torch.as_tensor(0.1 * rng.standard_normal(n_units)))
    targets = rng.standard_normal((n_steps, n_trials, n_outputs)).astype(np.float32)
    trials = Trials(
        rng.standard_normal((n_steps, n_trials, n_inputs)).astype(np.float32),
        targets,
        rng.random((n_steps, n_trials)) < 0.9,
        np.zeros(n_trials, np.int64),
    )
    noise = torch.as_tensor(noise_sd * rng.standard_normal((n_steps, n_trials, n_units)), dtype=torch.float32)
    network = Network(parameters, ACTIVATIONS["retanh"], ALPHA, n_steps, n_trials)
    engine = Engine(network, load_learning_rule(learning_rule))
    usual = UsualLoop(parameters, learning_rule == "eprop")
    by_trial = [torch.as_tensor(a).transpose(0, 1).contiguous() for a in (trials.inputs, noise, targets, trials.scored)]
    inputs, drawn = torch.as_tensor(trials.inputs), torch.empty_like(noise)

    def ours() -> None:
        outputs = network.forward(inputs, drawn if noise_sd else None)
        _, error = mean_squared_error(outputs, ScoredTrials(trials, like=outputs))
        engine.gradients(error, 2 * PENALTY / network.activity[1:].numel())

    drawn.copy_(noise)
    ours()
    usual.gradients(*by_trial)
    reference = usual.recurrent.weight.grad
    error = float((engine.gradient.recurrent - reference).abs().max() / reference.abs().max())
    assert error < 1e-3, f"the two sides differ by {error:.1e}"

    square = torch.randn(1000, 1000)
    times = []
    for _ in range(rounds):
        drawn.copy_(noise)  # as drawing would leave it; the engine takes the memory over
        times.append((seconds(ours), seconds(lambda: usual.gradients(*by_trial)), seconds(lambda: square @ square)))
    ours_s, usual_s, square_s = np.array(times).T
    products = 2 if learning_rule == "eprop" else 3
    flop = products * 2 * n_steps * n_trials * n_units * (n_units + n_inputs)
    rate, machine = flop / np.median(ours_s) / 1e9, 2e9 / np.median(square_s) / 1e9
    ratio = np.median(usual_s / ours_s)
    return (
        f"{n_units:>5} {n_steps:>5} {n_trials:>5} {noise_sd:>6} {learning_rule:>7} {np.median(ours_s) * 1e3:>9.1f} "
        f"{np.median(usual_s) * 1e3:>9.1f} {ratio:>7.2f} {rate:>9.0f} {rate / machine:>7.0%} {error:>9.0e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="interleaved repetitions (default 15)")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print("Relative difference: largest, of dW_h in float32; in float64 the two sides agree to 1e-13.")
    print("    N     T     B  noise    rule   ours ms  usual ms   ratio   GFLOP/s   share  rel.diff")
    for shape in SHAPES:
        for noise_sd in (0.0, 0.1):
            for learning_rule in ("bptt", "eprop"):
                print(compare(shape, learning_rule, noise_sd, rounds * (1 if shape[0] > 100 else 10)), flush=True)


if __name__ == "__main__":
    main()
