"""Options for training."""

from __future__ import annotations

from typing import Annotated, Literal

from neurorules.study.schema.fields import Different, Group, Number, Or, PositiveNumber, SomeItems, option


class Training(Group):
    """How the network is trained."""

    updates: int = option(1000, "number of updates", source="A.3; 5000 is ours", at_least=1, at_most=10_000_000)
    batch_size: int = option(100, "trials per update", source="A.3; companion: 32", at_least=1, at_most=1_000_000)
    optimiser: Literal["adam", "sgd"] = option(
        "adam", "Adam, or plain stochastic gradient descent without momentum", source="A.3"
    )
    learning_rate: Annotated[PositiveNumber, Or("best")] = option(
        1.0e-3,
        "learning rate of the optimiser; `best` chooses one for each model, see [below](#learning_rate-best)",
        source="A.3, from a grid; code: 3.0e-4; companion: best",
    )
    learning_rate_grid: Annotated[list[PositiveNumber], SomeItems, Different] = option(
        [1.0e-4, 3.0e-4, 1.0e-3, 3.0e-3],
        "candidates for `best`",
        source="companion; A.3",
        type_in_words="list of different numbers above 0",
    )
    learning_rate_updates: int = option(
        2000, "updates for which each candidate is trained", source="ours", at_least=1, at_most=10_000_000
    )
    learning_rate_seed: int = option(
        1000, "seed with which candidates are trained; no figure may show it", source="ours", at_least=0
    )
    activity_penalty: Number = option(
        10.0,
        "lambda in: loss = task loss + lambda mean(h^2). It is reduced to 2/3 of its value whenever this term is at "
        "least half the task loss",
        source="code; companion: not given",
        at_least=0,
    )
    flossing_iterations: int = option(
        0,
        "updates of gradient flossing before training, in which Adam minimises the sum of the squared largest Lyapunov "
        "exponents. 0 for none; settings whose names end in `-flossed` have 100",
        source="companion: 100",
        at_least=0,
        at_most=10_000_000,
    )
    flossing_exponents: int = option(
        5, "k, the number of largest exponents pushed towards 0; at most `units`", source="ours", at_least=1
    )
    flossing_learning_rate: Number = option(1.0e-3, "learning rate of Adam in flossing", source="ours", above=0)
    flossing_trials: int = option(
        8,
        "task trials that drive the network in each flossing update",
        source="ours",
        at_least=1,
        at_most=1_000_000,
    )
    flossing_local: bool = option(
        True,
        "restrict the gradient to each step's own use of the weights, like the companion's detached states; `false` "
        "uses the full gradient through all steps",
        source="companion; Engelken 2024: false",
    )
    checkpoints: Literal["quadratic", "published"] = option(
        "quadratic",
        "updates at which parameters are saved. `quadratic`: at `updates` (k / (`n_checkpoints` - 1))^2; `published`: "
        "115 in 1000 updates. Both are denser early in training",
        source="ours; code",
    )
    n_checkpoints: int = option(
        40,
        "number of checkpoints, including update 0 and the last one; only with `quadratic`",
        source="ours",
        at_least=2,
        at_most=100_000,
    )
    device: Literal["cpu", "cuda"] = option(
        "cpu",
        "where networks are trained. `cuda`: all networks of a job in parallel, on the GPU that PyTorch uses; without "
        "one, the job fails with an error. Random numbers for noise and learning rules are drawn on the device, so "
        "runs that use them differ from runs on the CPU. Only `cpu` guarantees byte-for-byte identical results. "
        "Scoring always uses the CPU",
        source="ours",
    )
