"""Every learning rule learns: trained as the demo trains it, it gets better by a margin, on a task of Neurogym."""

from __future__ import annotations

import pytest
from helpers.options import CELL_TYPE_RULES

from neurorules.errors import InputError
from neurorules.learning.base.learning_rule import LEARNING_RULES
from neurorules.study.load import load_study
from neurorules.study.model import Model
from neurorules.study.yaml_source import REPOSITORY
from neurorules.tasks.base.task import make_task
from neurorules.training.train import train

TASK = "perceptual-decision"
# Learning rules whose cost grows with the fourth power of the number of units train a smaller network.
SMALLER = {"rtrl": {"units": 16}, "snap2": {"units": 16}}

# Normalized accuracy at the last update less that before the first. It starts near -0.1 (1 - ln 3 where all answers are
# alike); fixating until the decision and choosing blindly then is 0.79, all right is 1.
MARGIN = 0.3


@pytest.mark.parametrize("learning_rule", LEARNING_RULES.names())
def test_learns_in_the_demos_settings(learning_rule: str) -> None:
    demo = load_study(REPOSITORY / "config" / "demo.yaml")
    setting = "dale-relu" if learning_rule in CELL_TYPE_RULES else "base"
    options = demo.options.training(Model(TASK, learning_rule, setting))
    options["network"] |= SMALLER.get(learning_rule, {})
    run = train(options, [0], make_task(options["task_module"], options["task"], None))[0]
    assert not isinstance(run, InputError)
    accuracy = run["accuracy"].values
    assert accuracy[0] < 0.1
    assert accuracy[-1] - accuracy[0] > MARGIN
