"""Compile with numba in advance, instead of in a study's first jobs: training loops, and UMAP for Figure 6.

python envs/compile_ahead.py

numba caches the code next to the modules (or in the user's cache folder, if their folder is read-only), so that all
later processes load it. This is optional: missing code is compiled when needed.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "workflow"))

LEARNING_RULES = ("bptt", "eprop", "eprop_diagonal", "node_perturbation", "evolution_strategies")


def main() -> None:
    from neurorules.dynamics.embedding import umap_embedding
    from neurorules.study.load import load_study
    from neurorules.study.model import Model
    from neurorules.tasks.base.task import make_task
    from neurorules.training.train import train

    study = load_study(REPOSITORY / "config" / "demo.yaml")
    for task_name in ("2af", "romo"):  # the two kinds of loss
        options = study.options.training(Model(task_name, "eprop", "base"))
        task = make_task(options["task_module"], options["task"], None)
        for learning_rule in LEARNING_RULES:
            model = copy.deepcopy(options)
            model["learning_rule"] = learning_rule
            model["learning"] = dict(study.options.learning_options(learning_rule))
            model["network"] |= {"units": 8, "noise_sd": 0.1}
            model["training"] |= {"updates": 1, "batch_size": 4, "learning_rate": 1e-3, "flossing_iterations": 1}
            train(model, [0], task)
    points = np.random.default_rng(0).standard_normal((8, 2))
    umap_embedding(np.linalg.norm(points[:, None] - points, axis=-1))


if __name__ == "__main__":
    main()
