"""Time the gradients of one update: our estimators against the usual loop, interleaved, on one thread.

    python tests/benchmarks/gradients.py [--rounds 15] [--device cpu] [--json FILE]

The reference is the usual loop, as in the published code: nn.Linear modules called step by step on (trial, step,
input), a tensor of recurrent noise added at every step (zeros if there is none), hidden states and outputs appended and
stacked, a masked loss with the activity penalty, and backward(). For evolution strategies, it is the same loop over the
samples without gradients. Both sides compute the same gradients for the same network and batch, and must agree before
they are timed. Times are medians over rounds, and the ratio is the median of the rounds' ratios. GFLOP/s counts the
matrix products that the learning rule needs. `share` is relative to the rate of a 1000 x 1000 product in the same
rounds. `bound` is the share that could be reached if only products, the activation function and memory traffic took
time. The first two are timed in the same rounds, each alone and on memory that stays in the cache (on a GPU, products
count at the rate of the large product, and the activation function not at all). Memory traffic: each pass reads and
writes the activity of all steps, at the rate of a copy. On a CPU, all times are CPU times, which other programs disturb
least. The script then times drawing noise, against PyTorch's generator, and an update while a second process does the
same. `--json` writes all results to a file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch
from measured import Measured, write

from neurorules.learning.base.gradient_estimator import GradientEstimator
from neurorules.learning.base.learning_rule import load_learning_rule
from neurorules.network.activations import ACTIVATIONS
from neurorules.network.architecture import Architecture
from neurorules.network.connectivity import Connectivity
from neurorules.network.initialisation import initialise
from neurorules.network.jit import FAST
from neurorules.network.kernels import RETANH, _activate, _lowest, add_product, product_of
from neurorules.network.normals import Normals
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


@numba.njit
def repeated_product(a, n_inner, shared, c, beta, copied, times):
    """c = a b^T + beta c again and again, as in the compiled loops; `n_inner` columns of a count."""
    product = product_of(len(a), (c.shape[1], n_inner), a.shape[1], c.shape[1], beta, copied)
    for _ in range(times):
        add_product(product, a, shared, c)


@numba.njit(fastmath=FAST, error_model="numpy")
def repeated_activation(a, h, times):
    """h = f(a) again and again, as in the compiled loops."""
    lowest = _lowest(RETANH, a)
    for _ in range(times):
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                h[i, j] = _activate(RETANH, lowest, a[i, j])


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

    def evolution_strategies(self, theta: Parameters, epsilon: torch.Tensor, *batch) -> torch.Tensor:
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
            self.product = self.theta.flat.new_zeros(self.estimator.network.n_driving, n_units)
        usual = UsualLoop(theirs, learning_rule == "eprop")
        batch = [
            torch.as_tensor(array, device=device).transpose(0, 1).contiguous()
            for array in (self.trials.inputs, self.noise.cpu().numpy(), self.trials.targets, self.trials.scored)
        ]
        self.usual: Callable[[], torch.Tensor] = lambda: usual.gradients(*batch)
        self.same = self.usual
        self.passes = {"bptt": 3, "eprop": 2}.get(learning_rule, SAMPLES)
        if learning_rule == "evolution_strategies":
            generator = torch.Generator(device).manual_seed(0)
            epsilon = theirs.flat.new_empty(SAMPLES, theirs.flat.numel())
            drawn = epsilon.clone()
            Normals(0, epsilon.device).fill(drawn, 1.0, 0)  # what our estimator draws first
            self.same = lambda: usual.evolution_strategies(theirs, drawn, *batch)
            self.usual = lambda: usual.evolution_strategies(theirs, epsilon.normal_(generator=generator), *batch)
        self.flop = self.passes * 2 * n_steps * n_trials * n_units * (n_units + n_inputs)
        # The forward pass writes h (a write also reads memory), and the backward pass reads it. Noise is read and
        # overwritten with f', which is read. Errors stay in the cache from block to block.
        touched = (3 if learning_rule in ("bptt", "eprop") else 0) + (3 if noise_sd else 0)
        self.bytes = 4 * touched * n_steps * n_trials * n_units

    def draw(self) -> None:
        """Restore the drawn noise, because every update overwrites it."""
        if self.drawn is not None:
            with torch.inference_mode():
                self.drawn.copy_(self.noise)

    @torch.inference_mode()
    def ours(self) -> torch.Tensor:
        batch = ScoredTrials(self.trials, like=self.theta.flat)
        result = self.estimator.update(self.inputs, self.drawn, mean_squared_error, batch, [PENALTY])
        return result.gradient.recurrent

    @torch.inference_mode()
    def arithmetic(self) -> None:
        """Products and activation function of an update on a CPU, on memory of one step, or one block for weights."""
        network = self.estimator.network
        steps, beta = network.compiled, np.float32(1 - ALPHA)
        a, c = steps.drive[0, 0], np.zeros_like(steps.state[0])
        times = network.n_steps * (self.passes if self.passes == SAMPLES else 1)
        repeated_product(a, network.n_driving, steps.shared[0], c, beta, steps.copied, times)
        repeated_activation(steps.state[0], a, times)
        if self.passes == 3:
            repeated_product(c.copy(), c.shape[1], steps.shared_back[0], c, beta, steps.copied, times)
        if self.passes < SAMPLES:
            first = self.estimator._blocks[0]
            for block in self.estimator._blocks:
                rows = block.errors.shape[-2]
                torch.mm(first.driving[:, :rows], first.errors[:rows], out=self.product)


def seconds(work: Callable[[], object], times: int = 1, device: str = "cpu") -> float:
    clock = time.process_time if device == "cpu" else time.perf_counter
    begun = clock()
    for _ in range(times):
        work()
    if device != "cpu":
        torch.cuda.synchronize()
    return (clock() - begun) / times


def compare(shape: tuple[int, ...], learning_rule: str, noise_sd: float, rounds: int, device: str) -> dict[str, Any]:
    """One row of the table."""
    case = Case(shape, learning_rule, noise_sd, device)
    case.draw()
    ours, reference = case.ours(), case.same()
    error = float((ours - reference).abs().max() / reference.abs().max())
    assert error < 2e-3, f"the two sides differ by {error:.1e}"
    square, copied, copy = torch.randn(1000, 1000, device=device), *torch.randn(2, 8_000_000, device=device)
    # Small networks make several updates in a row, as in training, before the other side takes its turn.
    in_a_row = 1 if shape[0] > 100 or learning_rule in OPTIONS else 10
    times = []
    for _ in range(rounds):
        case.draw()  # once: the time does not depend on the noise
        times.append(
            (
                seconds(case.ours, in_a_row, device),
                seconds(case.usual, in_a_row, device),
                seconds(lambda: square @ square, 1, device),
                seconds(lambda: copy.copy_(copied), 1, device),
                seconds(case.arithmetic if device == "cpu" else lambda: square @ square, in_a_row, device),
            )
        )
    ours_s, usual_s, square_s, copy_s, alone_s = np.array(times).T
    machine, bandwidth = 2e9 / np.median(square_s), 3 * 4 * len(copied) / np.median(copy_s)
    products_s = case.flop / machine
    possible_s = (np.median(alone_s) if device == "cpu" else products_s) + case.bytes / bandwidth
    n_units, n_steps, n_trials = shape[:3]
    return {
        "units": n_units,
        "steps": n_steps,
        "trials": n_trials,
        "noise_sd": noise_sd,
        "learning_rule": learning_rule,
        "ours_ms": 1e3 * float(np.median(ours_s)),
        "usual_ms": 1e3 * float(np.median(usual_s)),
        "ratio": float(np.median(usual_s / ours_s)),
        "gflop_per_s": case.flop / float(np.median(ours_s)) / 1e9,
        "share": float(np.median(products_s / ours_s)),
        "bound": products_s / possible_s,
        "relative_difference": error,
    }


def shown(row: dict[str, Any]) -> str:
    """A row of the table as text."""
    return (
        f"{row['units']:>5} {row['steps']:>5} {row['trials']:>5} {row['noise_sd']:>6}  {row['learning_rule']:20} "
        f"{row['ours_ms']:>9.1f} {row['usual_ms']:>9.1f} {row['ratio']:>7.2f} {row['gflop_per_s']:>9.0f} "
        f"{row['share']:>7.0%} {row['bound']:>7.0%} {row['relative_difference']:>9.0e}"
    )


def measured(row: dict[str, Any]) -> list[Measured]:
    """The numbers of a row that are stored."""
    what = "{learning_rule}, {units} units, {steps} steps, {trials} trials, noise {noise_sd:g}".format(**row)
    return [
        Measured(what, row["ratio"], "times the usual loop", "more"),
        Measured(f"{what}: rate", 100 * row["share"], "% of the rate of a large product", "more"),
        Measured(
            f"{what}: bound",
            100 * row["bound"],
            "% possible given its products, activation function and memory traffic",
        ),
    ]


def compare_noise(rounds: int) -> Measured:
    """How many times faster than PyTorch's generator our generator draws normal numbers."""
    numbers = torch.empty(113, 72, 64)
    ours, theirs = Normals(0, numbers.device), torch.Generator().manual_seed(0)
    ours.fill(numbers, 1.0, 0)
    times = [
        (seconds(lambda: ours.fill(numbers, 1.0, 1)), seconds(lambda: numbers.normal_(generator=theirs)))
        for _ in range(rounds)
    ]
    ours_s, theirs_s = np.array(times).T
    ns, ratio = 1e9 * np.median(ours_s) / numbers.numel(), float(np.median(theirs_s / ours_s))
    print(f"\nA normal number takes {ns:.2f} ns; PyTorch's generator takes {ratio:.1f} times as long.")
    return Measured("normal numbers", ratio, "times PyTorch's generator", "more")


def repeat(shape: tuple[int, ...], learning_rule: str, updates: int, start, result) -> None:
    """Time `updates` updates in this process, once all processes are ready."""
    torch.set_num_threads(1)
    case = Case(shape, learning_rule, 0.0, "cpu")
    case.ours()
    start.wait()
    result.put(np.median([seconds(case.ours) for _ in range(updates)]))


def together(shape: tuple[int, ...], learning_rule: str, updates: int, jobs: int) -> float:
    """Median seconds per update while `jobs` processes do the same, for the slowest process."""
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
    parser.add_argument("--json", type=Path, help="a file for the numbers")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    found: list[Measured] = []
    print("rel.diff: largest relative difference of dW_h in float32; in float64, the two sides agree to 1e-13.")
    print(
        "    N     T     B  noise  learning rule          ours ms  usual ms   ratio   GFLOP/s   share   bound  rel.diff"
    )
    for shape in SHAPES:
        rounds = arguments.rounds
        few = max(3, rounds // 5)
        cases = [(rule, noise_sd, rounds) for noise_sd in (0.0, 0.1) for rule in ("bptt", "eprop")]
        for learning_rule, noise_sd, n in (*cases, ("evolution_strategies", 0.0, few)):
            row = compare(shape, learning_rule, noise_sd, n, arguments.device)
            print(shown(row), flush=True)
            found += measured(row)
    if arguments.device == "cpu":
        found.append(compare_noise(arguments.rounds))
        print("\nTwo processes at once, each on one thread: time of an update relative to one process alone.")
        for shape in SHAPES:
            updates = arguments.rounds * (2 if shape[0] > 100 else 40)
            for learning_rule in ("bptt", "eprop"):
                ratios = [
                    together(shape, learning_rule, updates, 2) / together(shape, learning_rule, updates, 1)
                    for _ in range(3)
                ]
                ratio = float(np.median(ratios))
                print(f"{shape[0]:>5} {shape[1]:>5} {shape[2]:>5}  {learning_rule:8} {ratio:.2f}", flush=True)
                what = f"{learning_rule}, {shape[0]} units, {shape[1]} steps, {shape[2]} trials, two at once"
                found.append(Measured(what, ratio, "times one alone", "less"))
    write(arguments.json, found)


if __name__ == "__main__":
    main()
