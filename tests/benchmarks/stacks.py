"""Train stacks of networks of the same shape: updates per second, and the share of the device's matrix-product rate.

    python tests/benchmarks/stacks.py --device cuda --units 400 --steps 113 --batch 100 --stacks 1 16 64 256

A stack trains as in a job on the task mante2013, with trials, noise, losses, gradients and optimiser; its networks
differ in seed, gain, learning rate and noise. The time of an update is the difference between a long and a short
training, divided by the difference in updates. One update of one network needs 2 T B N (N + inputs) operations for each
pass over its weights; BPTT makes three passes and e-prop two. The resulting rate is compared with that of stacked
products (B x N) (N x N), and with that of one large product, in the same process.

At the end, the script projects how long the runs of config/config.yaml on that task would take on this device, with
each shape as one stack. It interpolates between the measured stacks and scales time with T B N^2. A learning rule
without a measurement counts as BPTT, and evolution strategies count as the forward passes of a stack of their samples.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping

import numpy as np
import torch

from neurorules.io.identity import canonical_json
from neurorules.options import Options
from neurorules.study.load import load_study
from neurorules.tasks.base.task import Task, make_task
from neurorules.training.shape import shape
from neurorules.training.train import Network, train_stack

TASK = "mante2013"
PERIODS = ("fixation_ms", "stimulus_ms", "delay_ms", "decision_ms")
PASSES = {"bptt": 3, "eprop": 2}


def seconds(call: Callable[[], object], device: str) -> float:
    """Time of a call, including all work that it started on the device."""
    if device != "cpu":
        torch.cuda.synchronize()
    begun = time.perf_counter()
    call()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def product_rate(device: str, stack: int, rows: int, columns: int, rounds: int = 10) -> float:
    """Operations per second of `stack` products (rows, columns) (columns, columns) at once, in float32."""
    left = torch.randn(stack, rows, columns, device=device)
    right = torch.randn(stack, columns, columns, device=device)
    out = torch.empty_like(left)
    torch.matmul(left, right, out=out)
    spent = seconds(lambda: [torch.matmul(left, right, out=out) for _ in range(rounds)], device)
    return rounds * 2 * out.numel() * columns / spent


def update_seconds(model: Options, task: Task, n_networks: int, updates: int) -> float:
    """Seconds per update of a stack of different networks."""

    def train(count: int) -> None:
        networks = []
        for k in range(n_networks):
            training = model.training.but(updates=count, learning_rate=1e-4 * (1 + k % 3))
            network = model.network.but(gain=0.5 + 0.5 * (k % 3), noise_sd=0.05 * (1 + k % 2))
            networks.append(Network(model.but(network=network, training=training), k // 6))
        for run in train_stack(networks, task):
            if isinstance(run, Exception):
                raise run

    train(1)  # compiles and allocates memory
    # Both trainings record their steps (`network/replay.py`), so the difference has only updates that replay them.
    few, many = (seconds(lambda count=count: train(count), model.training.device) for count in (3, 3 + updates))
    return (many - few) / updates


def project(measured: Mapping[str, Mapping[int, float]], numbers_per_update: float) -> tuple[float, list[int]]:
    """Seconds of all runs of the full study on the task, and the number of runs of each shape.

    Args:
        measured: seconds per update, by learning rule and number of networks.
        numbers_per_update: T B N^2 of the networks that were measured.
    """
    study = load_study()
    counts: dict[str, int] = {}
    for model, seeds in study.selection.trained.items():
        if model.task == TASK:
            key = canonical_json(shape(study.options.training(model)))
            counts[key] = counts.get(key, 0) + len(seeds)
    total = 0.0
    for key, count in counts.items():
        options = Options(json.loads(key))
        n_networks, passes = count, 1.0
        if options.learning_rule == "evolution_strategies":
            n_networks, passes = count * options.learning.samples, 1 / PASSES["bptt"]
        of_rule = measured.get(options.learning_rule) or next(iter(measured.values()))
        numbers, times = np.array(sorted(of_rule.items())).T
        spent = np.interp(n_networks, numbers, times) * max(1.0, n_networks / numbers[-1])
        n_steps = make_task(options.task_module, options.task, None).test().n_steps
        size = n_steps * options.training.batch_size * options.network.units**2
        total += options.training.updates * passes * spent * size / numbers_per_update
    return total, sorted(counts.values(), reverse=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--units", type=int, default=400)
    parser.add_argument("--steps", type=int, default=113)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--stacks", type=int, nargs="+", default=[1, 16, 64, 256])
    parser.add_argument("--updates", type=int, default=20, help="number of timed updates (default 20)")
    parser.add_argument("--rules", nargs="+", default=list(PASSES), choices=list(PASSES))
    arguments = parser.parse_args()
    device, units, batch = arguments.device, arguments.units, arguments.batch
    torch.set_num_threads(1)
    study = load_study()
    options = study.options.training(next(model for model in study.selection.trained if model.task == TASK))
    options["task"]["dt_ms"] = round(sum(options["task"][name] for name in PERIODS) / arguments.steps)
    options["network"] |= {"units": units}
    options["training"] |= {"device": device, "batch_size": batch, "checkpoints": "quadratic", "n_checkpoints": 2}
    task = make_task(options["task_module"], options["task"], None)
    n_steps = task.test().n_steps

    large = product_rate(device, 1, *((8192, 8192) if device == "cuda" else (1000, 1000)))
    print(
        torch.cuda.get_device_name() if device == "cuda" else "CPU, one thread", f"torch {torch.__version__}", sep="; "
    )
    print(f"N {units}, T {n_steps}, B {batch}; one large product: {large / 1e9:,.0f} GFLOP/s")
    print("rule   networks  ms/update  updates/s  of all networks  GFLOP/s  of stacked product  of large product")
    measured: dict[str, dict[int, float]] = {rule: {} for rule in arguments.rules}
    for rule in arguments.rules:
        for n in arguments.stacks:
            model = Options({**options, "learning_rule": rule, "learning": {}})
            spent = measured[rule][n] = update_seconds(model, task, n, arguments.updates)
            rate = n * PASSES[rule] * 2 * n_steps * batch * units * (units + task.n_inputs) / spent
            print(
                f"{rule:6} {n:8} {spent * 1e3:10.2f} {1 / spent:10.1f} {n / spent:16.1f} {rate / 1e9:8,.0f} "
                f"{rate / product_rate(device, n, batch, units):19.0%} {rate / large:17.0%}",
                flush=True,
            )
    total, counts = project(measured, n_steps * batch * units**2)
    several = [count for count in counts if count > counts[-1]]
    print(
        f"{sum(counts)} runs on {TASK} in {len(counts)} shapes ({', '.join(map(str, several))} runs, and "
        f"{counts[-1]} each in the others): {total / 60:.1f} min (projection)"
    )


if __name__ == "__main__":
    main()
