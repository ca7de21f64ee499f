"""What really runs in a job is covered by the hash over its code: traced in every job of the study `tiny`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

TRACER = Path(__file__).parents[1] / "helpers" / "trace"

