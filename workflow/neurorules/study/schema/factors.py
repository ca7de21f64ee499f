"""The key `factors` of the figure of that name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from neurorules.study.schema.fields import NO_DEFAULT, Different, SomeItems, option

# Labels of a model in tables, see `tables/base/labels.py`.
Factor = Literal["architecture", "activation", "gain", "learning_rule", "units", "learning_rate", "flossed"]
Factors = Annotated[list[Factor], SomeItems, Different]

FACTORS: Any = option(
    NO_DEFAULT,
    "for `factors` only: options whose shares of the variance of distances are compared; main effects and interactions "
    "of two. The figure's models are its cells, so not every combination need exist",
    type_in_words="list of `architecture`, `activation`, `gain`, `learning_rule`, `units`, `learning_rate`, `flossed`",
    default_in_words="required in `factors`",
)
