"""Verdicts of the ledger, by test result."""

from __future__ import annotations

from neurorules.claims.tests.base.claim_test import FAILS, HOLDS, UNDECIDED

REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE = "reproduced", "not reproduced", "not testable here"
VERDICTS = {HOLDS: REPRODUCED, FAILS: NOT_REPRODUCED, UNDECIDED: UNDECIDED, "": NOT_TESTABLE}
