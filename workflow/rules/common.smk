# The checked study, and what every rule uses.

import json
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

WORKFLOW = Path(workflow.basedir) / "workflow"

# Scripts and cluster jobs import this checkout of the package, and use one thread each: bytes must not depend on cores.
sys.path.insert(0, str(WORKFLOW))
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(WORKFLOW), *filter(None, [os.environ.get("PYTHONPATH")])]
)
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

from neurorules.errors import InputError
from neurorules.figures.figure import load_figure
from neurorules.files import canonical_json
from neurorules.provenance import code_hash
from neurorules.recordings.sources import find_raw
from neurorules.study import Model, Study, figure_options

try:
    study = Study(config, workflow.configfiles)
except InputError as error:
    raise WorkflowError(str(error))


wildcard_constraints:
    model=r"[^/]+/[^/]+/[^/]+",
    recording=r"[^/]+",


def code(script, *plugins):
    """Hash over the code that a script and the plug-ins named here reach."""
    return code_hash(WORKFLOW / "scripts" / script, plugins)


def log_file(*parts):
    return study.path("logs", *parts)


def benchmark_file(*parts):
    return study.path("benchmarks", *parts)
