# The checked study, and the functions that rules use.

import os
import re
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# Not `workflow.basedir`: if another workflow uses this one as a module, that is the other workflow's folder.
WORKFLOW = Path(str(workflow.current_basedir)).parent
if not (WORKFLOW / "neurorules").is_dir():
    raise WorkflowError(
        f"{WORKFLOW} is not in a copy of the neurorules repository. Jobs import the package from the folder that "
        "contains the rules. Clone the repository and use the path of its workflow/Snakefile."
    )

# Scripts and cluster jobs import this checkout of the package and use one thread: results must not depend on cores.
sys.path.insert(0, str(WORKFLOW))
os.environ.update(
    PYTHONPATH=os.pathsep.join([str(WORKFLOW), os.environ.get("PYTHONPATH", "")]),
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
)

from neurorules.errors import InputError
from neurorules.figures.base.figure import FIGURES
from neurorules.io.access import require_writable
from neurorules.io.identity import canonical_json
from neurorules.provenance.remembered import CodeHashes
from neurorules.recordings.catalogue import NETWORKS, PUBLISHED, catalogue_entry
from neurorules.recordings.locate import DOWNLOADS, download_paths
from neurorules.recordings.verify import fingerprint
from neurorules.runs.kept import confirm
from neurorules.study.code import figure_code, recording_code, scoring_code, synthetic_code, training_code
from neurorules.study.identity import Identities
from neurorules.study.load import Study
from neurorules.study.model import Block, Model, block_name
from neurorules.study.score_jobs import Part, score_jobs
from neurorules.study.yaml_source import BASE_CONFIG, merge
from neurorules.study.yaml_source import read_study_file
from neurorules.tables.base.table_type import table_types
from neurorules.study.preflight import check_folders, check_own_rates
from neurorules.study.unrecorded import check_unrecorded
from neurorules.study.network_files import check_network_files, downloaded_networks, find_network_files
from neurorules.study.raw_files import check_finished_recordings, find_raw_files, folder_of

code_hashes = CodeHashes(Path(".snakemake", "neurorules"), WORKFLOW / "scripts")


def code(script, plugins=()):
    """Hash of the code used by a script and these plug-ins."""
    return code_hashes.of(script, tuple(plugins))


def has_record(file, kinds=("metadata", "incomplete")):
    """Whether Snakemake has a record that it made a file, or that it did not finish it."""
    name = urlsafe_b64encode(file.encode()).decode()
    *folders, last = [name[i : i + 254] for i in range(0, len(name), 254)]  # Snakemake splits long names like this
    path = Path(*(f"@{part}" for part in folders), last)
    return any((Path(".snakemake", of) / path).exists() for of in kinds)


# These options remake, remove or accept results without checking what made them.
MAKES_AGAIN = {
    *("--forceall", "-F", "--forcerun", "-R", "--force", "-f"),
    *("--touch", "-t", "--unlock", "--delete-all-output", "--cleanup-metadata", "--cm"),
}

IS_MODULE = Path(workflow.main_snakefile).resolve().parent not in (WORKFLOW, WORKFLOW.parent)

try:
    check_folders(WORKFLOW, sys.executable)
    files = workflow.configfiles
    if IS_MODULE:  # Its config may be only a study file, which is merged into the full study like any other.
        config, files = merge(read_study_file(BASE_CONFIG), config), [BASE_CONFIG, *files]
    study = Study(config, files, {} if IS_MODULE else workflow.config_settings.config)
    identities = Identities(study, code)
    config["defaults"] = study.config["defaults"]  # for captions of the report
    # A Snakefile does not know its targets. No other command-line words resemble the names of figures.
    for word in [] if IS_MODULE else sys.argv[1:]:
        study.check_target(word)
    if workflow.is_main_process:  # not in each job
        check_own_rates(study)
        check_network_files(study)
        if not MAKES_AGAIN & set(sys.argv):
            check_unrecorded(identities, has_record)
        for words in check_finished_recordings(study, lambda name: code(*recording_code(study, name))):
            logger.warning(words)
except InputError as error:
    raise WorkflowError(str(error))


onstart:
    # Snakemake makes the output folders itself, and would only say "Permission denied".
    try:
        require_writable(study.paths.below())
    except InputError as error:
        raise WorkflowError(str(error))


wildcard_constraints:
    model="|".join(re.escape(str(model)) for model in study.selection.seeds),
    recording="|".join(re.escape(name) for name in study.selection.used_recordings),
    group="|".join(re.escape(group) for group in study.selection.groups) or "none",


def per_attempt(amount):
    """A resource that grows by `amount` with each attempt; without retries there is one attempt."""
    return lambda wildcards, attempt: amount * attempt


def log_file(*parts):
    return study.paths.below("logs", *parts)


# ---- recordings


to_download = set()  # recordings already warned about


def raw_files(wildcards):
    """The files that a recording is read from: existing files, else the outputs of a rule."""
    entry = study.selection.recording_entry(wildcards.recording)
    if entry["synthetic"]:
        return study.paths.below("raw", wildcards.recording)
    try:
        found = find_raw_files(study, wildcards.recording)
        if found:
            return [str(file) for file in found]
        raw_dir, _ = folder_of(study, wildcards.recording)
        require_writable(DOWNLOADS)
    except InputError as error:
        raise WorkflowError(str(error))
    if raw_dir != DOWNLOADS and wildcards.recording not in to_download:
        to_download.add(wildcards.recording)
        first = download_paths(entry["reader"], entry["source"], raw_dir)[0]
        logger.warning(f"{first} does not exist. {wildcards.recording} would be downloaded to {DOWNLOADS}.")
    return [str(file) for file in download_paths(entry["reader"], entry["source"], DOWNLOADS)]


def raw_fingerprints(wildcards):
    """Fingerprints of the raw files, whatever their folder. Snakemake does not record changes of `input`."""
    if study.selection.recording_entry(wildcards.recording)["synthetic"]:
        return "synthetic"
    try:
        return [fingerprint(file) for file in raw_files(wildcards)]
    except InputError as error:
        raise WorkflowError(str(error))


# ---- training and scoring


imported_models = [model for model in study.selection.seeds if study.options.is_imported(model)]


def network_files(wildcards):
    """The files of a network trained elsewhere: existing files, else those that a rule downloads."""
    try:
        return [str(file) for file in find_network_files(study, Model.parse(wildcards.model), int(wildcards.seed))]
    except InputError as error:
        raise WorkflowError(str(error))


def network_fingerprints(wildcards):
    """Fingerprints of these files, whatever their folder."""
    try:
        return [fingerprint(file) for file in network_files(wildcards)]
    except InputError as error:
        raise WorkflowError(str(error))


def training_recording(wildcards):
    """The recording from which a model's trials are made, if any."""
    return recording_of_trials(Model.parse(wildcards.model))


def recording_of_trials(model):
    recording = study.options.training_recording(model)
    return study.paths.recording_file(recording) if recording else []


def asked_recording(model):
    """The required identity of the recording from which a model's trials are made."""
    return identities.recording(study.options.training_recording(model))


def training_options(wildcards):
    return canonical_json(study.options.training(Model.parse(wildcards.model)))


def chosen_learning_rates(models):
    """The files with the best learning rates of those models that use them."""
    return [study.paths.learning_rate_file(model) for model in models if study.options.chooses_learning_rate(model)]


def trained_models(models):
    """What determines the runs of these models, besides seeds, recording and code."""
    parts = [{"options": study.options.training(model), "choice": identities.choice(model)} for model in models]
    return canonical_json(parts)


def training_codes(models):
    """Hashes of the code that makes the models' runs."""
    return [code(*training_code(study, model)) for model in models]


def training_gpus(model):
    """The number of GPUs that a training job requests on a cluster; not used locally."""
    return int(study.options.of(model)["training"]["device"] != "cpu")


def training_minutes(block):
    """One hour per run plus three hours; on a GPU, a seed's models run in parallel."""
    on_gpu = training_gpus(block.models[0])
    return 180 + 60 * len(block.seeds) * (1 if on_gpu else len(block.models))


def training_memory(block):
    """Memory of a job in MB: on a GPU, the checkpoints of all its networks are in memory at the end."""
    options = study.options.of(block.models[0])
    if options["training"]["device"] == "cpu":
        return 1500
    kept = max(115, *(study.options.of(model)["training"]["n_checkpoints"] for model in block.models))
    return 1500 + len(block.models) * len(block.seeds) * kept * options["network"]["units"] ** 2 * 8 // 10**6


def compared_recording(model):
    """The recording that a model is compared with, if any."""
    recording = study.options.recording(model)
    return study.paths.recording_file(recording) if recording in study.selection.used_recordings else []


# Parts are subsets of models' seeds: `Part` in study/score_jobs.py.
SCORE_JOBS = score_jobs(study.selection)
SHARED_TABLE_TYPES = {table_type for job in SCORE_JOBS for table_type, _, _ in job.tables}


def part_of(wildcards):
    return Part(Model.parse(wildcards.model), wildcards.subset)


def part_seeds(wildcards):
    return study.selection.seed_subsets[wildcards.table_type][Model.parse(wildcards.model)][wildcards.subset]


def part_runs(parts):
    """The runs of some parts, in order."""
    return [study.paths.run_file(part.model, seed) for part, seeds in parts.items() for seed in seeds]


def named_parts(parts):
    """Seeds by part name, in the order of `part_runs`."""
    return {f"{part.model}/{part.subset}": list(seeds) for part, seeds in parts.items()}


def table_codes(tables):
    """Hashes of the code that makes tables; each table is given by table type, part and seeds."""
    return [code(*scoring_code(study, "score.py", table_type, [part.model])) for table_type, part, _ in tables]


def asked_tables(tables):
    """What each of these tables must be made from."""
    return canonical_json(
        [
            {
                "table_type": table_type,
                "model": str(part.model),
                "part": f"{part.model}/{part.subset}",
                "options": {**study.options.training(part.model), **study.options.scoring(part.model, table_type)},
                "asked": {
                    "runs": identities.run(part.model),
                    "recording": identities.recording(study.options.recording(part.model)),
                    "table": identities.model_table(table_type, part.model, list(seeds)),
                },
            }
            for table_type, part, seeds in tables
        ]
    )


def group_seeds(group):
    """Seeds of a group's models in its figure, because a group's table depends on all its networks."""
    return {model: study.selection.model_seeds(group.split("/")[0], model) for model in study.selection.groups[group]}


# ---- figures and tables


def report_category(name):
    """Category in the report, which sorts categories by name."""
    if name in ("claims", "claims_forest"):
        return "1 Claims"
    if re.fullmatch(r"(fig|table)\d+|proposition|schematic", name):
        return "2 Figures and tables of the paper"
    if re.fullmatch(r"companion_(fig\d+|schematic)", name):
        return "3 Figures of the companion paper"
    return "4 Beyond the papers"
