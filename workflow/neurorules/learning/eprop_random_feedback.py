"""E-prop with random feedback, which is RFLO proper (Murray 2019): no recurrent credit, and errors through fixed random
weights; see eprop.py and feedback_alignment.py."""

from __future__ import annotations

from neurorules.learning.eprop import EProp
from neurorules.learning.feedback_alignment import RandomFeedback


class EPropRandomFeedback(RandomFeedback, EProp):
    label = "e-prop, random feedback"


LEARNING_RULE = EPropRandomFeedback
