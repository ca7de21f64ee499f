"""E-prop with random feedback: random feedback local online learning, RFLO (Murray 2019).

    delta_t = (1 - alpha) delta_{t+1} + f'(a_t) * l_t,   l_t = dL/dy_t B + its exact part through the activity penalty

Like e-prop, it drops every path through recurrent weights (see eprop.py). In addition, it replaces the readout weights
in the learning signal by fixed random weights B (see feedback_alignment.py).
"""

from __future__ import annotations

from neurorules.learning.eprop import EProp
from neurorules.learning.feedback_alignment import RandomFeedback


class EPropRandomFeedback(RandomFeedback, EProp):
    label = "e-prop, random feedback"


LEARNING_RULE = EPropRandomFeedback
