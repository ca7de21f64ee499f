"""Time of one update's gradients: our estimators against the usual loop, interleaved, on one thread.

    python tests/benchmarks/gradients.py [--rounds 15] [--device cpu]

The reference is the loop as it is usually written and as the published code has it: nn.Linear modules called step
by step on (trial, step, input), a tensor of recurrent noise added at every step (zeros where there is none), hidden
states and outputs appended and stacked, a masked loss with the activity penalty, and backward(). For evolution
strategies it is the same loop without gradients, over the samples. Both sides compute the same of the same network and
batch, and are checked to agree before they are timed. Times are medians over rounds, the ratio is the median of the
rounds' ratios. GFLOP/s counts the matrix products that the learning rule needs, and the share is of the rate that a
1000 x 1000 product reaches in the same rounds. At the end, the time of an update while a second process does the same.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable

import numpy as np
import torch

from neurorules.learning.base.gradient_estimator import GradientEstimator
from neurorules.learning.base.learning_rule import load_learning_rule
from neurorules.network.activations import ACTIVATIONS
from neurorules.network.architecture import Architecture
from neurorules.network.connectivity import Connectivity
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Parameters, Sizes
from neurorules.options import Options
from neurorules.tasks.base.losses import ScoredTrials, mean_squared_error
from neurorules.tasks.base.trials import Trials

ALPHA, PENALTY, SAMPLES, SIGMA = 0.1, 10.0, 50, 0.01
SHAPES = [(200, 300, 100, 3, 2), (400, 113, 72, 9, 3), (64, 75, 32, 3, 2)]
NETWORK = Options(
    {
        "gain": 1.0,
        "recurrent_scale": 1.5,
        "input_init": "normal",
        "bias_init": "zero",
        "gain_scales_readout": False,
    }
)
OPTIONS = {"evolution_strategies": Options({"sigma": SIGMA, "samples": SAMPLES, "antithetic": False})}


class UsualLoop(torch.nn.Module):
    """The network as a module with autograd; e-prop by detaching h in the recurrent product."""

    def __init__(self, parameters: Parameters, eprop: bool = False) -> None:
        super().__init__()
        sizes = parameters.sizes
        self.inputs = torch.nn.Linear(sizes.inputs, sizes.units)
        self.recurrent = torch.nn.Linear(sizes.units, sizes.units, bias=False)
        self.readout = torch.nn.Linear(sizes.units, sizes.outputs)
        self.initial_state = torch.nn.Parameter(parameters.initial_state.clone())
        self.eprop = eprop
        self.to(parameters.flat.device)
        self.load(parameters)

    def load(self, parameters: Parameters) -> None:
        with torch.no_grad():
            self.inputs.weight.copy_(parameters.input)
            self.inputs.bias.copy_(parameters.bias)
            self.recurrent.weight.copy_(parameters.recurrent)
            self.readout.weight.copy_(parameters.readout)
            self.readout.bias.copy_(parameters.readout_bias)
            self.initial_state.copy_(parameters.initial_state)

    def forward(self, inputs: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs (trial, step, input), noise (trial, step, unit)."""
        silent = torch.zeros(1, device=inputs.device)
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

    def loss(self, inputs, noise, targets, scored) -> torch.Tensor:
        outputs, hidden = self(inputs, noise)
        return ((outputs[scored] - targets[scored]) ** 2).mean() + PENALTY * (hidden**2).mean()

    def gradients(self, *batch) -> torch.Tensor:
        self.zero_grad()
        self.loss(*batch).backward()
        return self.recurrent.weight.grad

    def evolution_strategies(self, theta: Parameters, generator: torch.Generator, *batch) -> torch.Tensor:
        epsilon = torch.empty(SAMPLES, theta.flat.numel()).normal_(generator=generator).to(theta.flat)
        gradient = torch.zeros_like(theta.flat)
        with torch.no_grad():
            for sample in epsilon:
                self.load(Parameters(theta.sizes, theta.flat + SIGMA * sample))
                gradient += self.loss(*batch) * sample
        return Parameters(theta.sizes, gradient / (SIGMA * SAMPLES)).recurrent


class Case:
    """One shape, noise and learning rule: both sides, ready to run."""

    def __init__(self, shape: tuple[int, ...], learning_rule: str, noise_sd: float, device: str) -> None:
        n_units, n_steps, n_trials, n_inputs, n_outputs = shape
        rng = np.random.default_rng(0)
        theirs = initialise(Sizes(n_inputs, n_units, n_outputs), NETWORK, rng, device=device)
        # Away from 0, where the derivative is a matter of convention.
        theirs.initial_state.copy_(torch.as_tensor(0.1 * rng.standard_normal(n_units)))
        self.trials = Trials(
            rng.standard_normal((n_steps, n_trials, n_inputs)).astype(np.float32),
            rng.standard_normal((n_steps, n_trials, n_outputs)).astype(np.float32),
            rng.random((n_steps, n_trials)) < 0.9,
            np.zeros(n_trials, np.int64),
        )
        noise = noise_sd * rng.standard_normal((n_steps, n_trials, n_units))
        self.noise = torch.as_tensor(noise, dtype=torch.float32, device=device)
        with torch.inference_mode():  # as in training
            self.drawn = torch.empty_like(self.noise) if noise_sd else None
            self.inputs = torch.as_tensor(self.trials.inputs, device=device)
            self.theta = Parameters(theirs.sizes, theirs.flat.clone())
            architecture = Architecture(ACTIVATIONS["retanh"], ALPHA, Connectivity(False, None, None))
            rule = load_learning_rule(learning_rule)
            options = OPTIONS.get(learning_rule, Options({}))
            self.estimator: GradientEstimator = rule.estimator(
                options, self.theta, architecture, n_steps, n_trials, [0]
            )
        usual = UsualLoop(theirs, learning_rule == "eprop")
        batch = [
            torch.as_tensor(array, device=device).transpose(0, 1).contiguous()
            for array in (self.trials.inputs, self.noise.cpu().numpy(), self.trials.targets, self.trials.scored)
        ]
        self.usual: Callable[[], torch.Tensor] = lambda: usual.gradients(*batch)
        self.passes = {"bptt": 3, "eprop": 2}.get(learning_rule, SAMPLES)
        if learning_rule == "evolution_strategies":
            generator = torch.Generator().manual_seed(0)
            self.usual = lambda: usual.evolution_strategies(theirs, generator, *batch)
        self.flop = self.passes * 2 * n_steps * n_trials * n_units * (n_units + n_inputs)

    def draw(self) -> None:
        """Noise as it is drawn; every update overwrites its memory."""
        if self.drawn is not None:
            with torch.inference_mode():
                self.drawn.copy_(self.noise)

    @torch.inference_mode()
    def ours(self) -> torch.Tensor:
        batch = ScoredTrials(self.trials, like=self.theta.flat)
        result = self.estimator.update(self.inputs, self.drawn, mean_squared_error, batch, [PENALTY])
        return result.gradient.recurrent


def seconds(work: Callable[[], object], times: int = 1, device: str = "cpu") -> float:
    begun = time.perf_counter()
    for _ in range(times):
        work()
    if device != "cpu":
        torch.cuda.synchronize()
    return (time.perf_counter() - begun) / times


def compare(shape: tuple[int, ...], learning_rule: str, noise_sd: float, rounds: int, device: str) -> str:
    case = Case(shape, learning_rule, noise_sd, device)
    case.draw()
    ours, reference = case.ours(), case.usual()
    error = float((ours - reference).abs().max() / reference.abs().max())
    assert error < 2e-3, f"the two sides differ by {error:.1e}"
    square = torch.randn(1000, 1000, device=device)
    # Small networks make several updates in a row, as training does, before the other side has its turn.
    in_a_row = 1 if shape[0] > 100 or learning_rule in OPTIONS else 10
    times = []
    for _ in range(rounds):
        case.draw()  # once: what the noise is does not change the time
        times.append(
            (
                seconds(case.ours, in_a_row, device),
                seconds(case.usual, in_a_row, device),
                seconds(lambda: square @ square, 1, device),
            )
        )
    ours_s, usual_s, square_s = np.array(times).T
    rate, machine = case.flop / np.median(ours_s) / 1e9, 2e9 / np.median(square_s) / 1e9
    n_units, n_steps, n_trials = shape[:3]
    return (
        f"{n_units:>5} {n_steps:>5} {n_trials:>5} {noise_sd:>6}  {learning_rule:20} {np.median(ours_s) * 1e3:>9.1f} "
        f"{np.median(usual_s) * 1e3:>9.1f} {np.median(usual_s / ours_s):>7.2f} {rate:>9.0f} {rate / machine:>7.0%} "
        f"{error:>9.0e}"
    )


def repeat(shape: tuple[int, ...], learning_rule: str, updates: int, start, result) -> None:
    """Time `updates` updates after everybody is ready, in a process of its own."""
    torch.set_num_threads(1)
    case = Case(shape, learning_rule, 0.0, "cpu")
    case.ours()
    start.wait()
    result.put(np.median([seconds(case.ours) for _ in range(updates)]))


def together(shape: tuple[int, ...], learning_rule: str, updates: int, jobs: int) -> float:
    """Median time of an update in seconds while `jobs` processes do the same; the slowest of them."""
    spawn = multiprocessing.get_context("spawn")
    start, result = spawn.Barrier(jobs), spawn.Queue()
    processes = [spawn.Process(target=repeat, args=(shape, learning_rule, updates, start, result)) for _ in range(jobs)]
    for process in processes:
        process.start()
    times = [result.get() for _ in processes]
    for process in processes:
        process.join()
    return max(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="interleaved repetitions (default 15)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default cpu)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    print("Relative difference: largest, of dW_h in float32; in float64 the two sides agree to 1e-13.")
    print("    N     T     B  noise  learning rule          ours ms  usual ms   ratio   GFLOP/s   share  rel.diff")
    for shape in SHAPES:
        rounds = arguments.rounds
        for noise_sd in (0.0, 0.1):
            for learning_rule in ("bptt", "eprop"):
                print(compare(shape, learning_rule, noise_sd, rounds, arguments.device), flush=True)
        few = max(3, rounds // 5)
        print(compare(shape, "evolution_strategies", 0.0, few, arguments.device), flush=True)
    if arguments.device == "cpu":
        print("\nTwo processes at once, each on one thread: time of an update over that of one alone.")
        for shape in SHAPES:
            updates = arguments.rounds * (2 if shape[0] > 100 else 40)
            for learning_rule in ("bptt", "eprop"):
                rounds = [
                    together(shape, learning_rule, updates, 2) / together(shape, learning_rule, updates, 1)
                    for _ in range(3)
                ]
                print(
                    f"{shape[0]:>5} {shape[1]:>5} {shape[2]:>5}  {learning_rule:8} {np.median(rounds):.2f}", flush=True
                )


if __name__ == "__main__":
    main()
