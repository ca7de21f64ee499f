"""Time one batch of local gradient flossing against automatic differentiation, interleaved, on one thread.

    python tests/benchmarks/flossing.py [--rounds 9] [--json FILE]

The reference is a loop over steps with `detach` and `backward()`. Exponents and gradients must agree before they are
timed. Times are CPU times, and the ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median

import numpy as np
import torch
from measured import Measured, seconds, write

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.local_flossing import unrolled
from helpers.options import network_options

from neurorules.network.architecture import make_architecture
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Parameters, Sizes
from neurorules.network.tangent import random_basis
from neurorules.training.compiled_flossing import LocalFlossing

# activation, units, steps: the companion's reach and Romo tasks, and a network of the first paper's reach
CASES = [("relu", 64, 300), ("relu", 64, 56), ("retanh", 200, 300)]
TRIALS, EXPONENTS, INPUTS = 8, 5, 3


def measure(activation: str, units: int, n_steps: int, rounds: int) -> Measured:
    """Times automatic differentiation of one case.

    Args:
        activation: f.
        units: N.
        n_steps: T.
        rounds: how often both are timed.
    """
    options = network_options(units=units, activation=activation, tau_steps=2, noise_sd=0.0, gain=1.2)
    theta = initialise(Sizes(INPUTS, units, 2), options, np.random.default_rng(0), dtype=torch.float64)
    architecture = make_architecture(options, [None], theta.flat, compiled=True)
    inputs = torch.as_tensor(np.random.default_rng(1).standard_normal((n_steps, TRIALS, INPUTS)))
    basis = random_basis(TRIALS, units, EXPONENTS, torch.Generator().manual_seed(0))
    flossing = LocalFlossing(theta, architecture, n_steps, TRIALS, EXPONENTS)

    def ours() -> tuple[torch.Tensor, torch.Tensor]:
        exponents, _, gradient = flossing(inputs, basis)
        return torch.as_tensor(exponents), gradient

    def reference() -> tuple[torch.Tensor, torch.Tensor]:
        flat = theta.flat.clone().requires_grad_()
        weights = [Parameters(theta.sizes, flat)] * n_steps
        exponents = unrolled(weights, architecture, inputs, basis).mean((0, 1))
        exponents.square().sum().backward()
        assert flat.grad is not None
        return exponents.detach(), flat.grad

    for found, expected in zip(ours(), reference(), strict=True):
        difference = float((found - expected).abs().max() / expected.abs().max())
        assert difference < 1e-9, f"flossing differs by {difference:g}"
    times = [(seconds(ours), seconds(reference)) for _ in range(rounds)]
    ratio = median(usual / own for own, usual in times)
    what = f"{activation}, N = {units}, {n_steps} steps x {TRIALS} trials, {EXPONENTS} exponents"
    print(f"{what}: {1000 * median(own for own, _ in times):.1f} ms, {ratio:.2f} x automatic differentiation")
    return Measured(what, ratio, "times automatic differentiation", "more")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    write(options.json, [measure(*case, options.rounds) for case in CASES])


if __name__ == "__main__":
    main()
