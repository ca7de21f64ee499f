# The checked study, and the functions that rules use.

import os
import re
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# Not `workflow.basedir`, which is the folder of the workflow that uses this one as a module.
WORKFLOW = Path(str(workflow.current_basedir)).parent
if not (WORKFLOW / "neurorules").is_dir():
    raise WorkflowError(
        f"neurorules is used from a copy of its repository, and {WORKFLOW} is none: its jobs import the package that "
        "stands beside the rules. Clone the repository and name the path of its workflow/Snakefile."
    )

# Scripts and cluster jobs import this checkout of the package, and use one thread each: bytes must not depend on cores.
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
from neurorules.study.score_jobs import Part, is_costly, score_jobs
from neurorules.study.yaml_source import BASE_CONFIG, merge
from neurorules.study.yaml_source import read_study_file
from neurorules.tables.base.table_type import table_types
from neurorules.study.preflight import check_folders, check_own_rates
from neurorules.study.unrecorded import check_unrecorded
from neurorules.study.network_files import check_network_files, downloaded_networks, find_network_files
from neurorules.study.raw_files import check_finished_recordings, find_raw_files, folder_of

code_hashes = CodeHashes(Path(".snakemake", "neurorules"), WORKFLOW / "scripts")


def code(script, plugins=()):
    """Hash over the code that a script and the plug-ins named here reach."""
    return code_hashes.of(script, tuple(plugins))


def has_record(file, kinds=("metadata", "incomplete")):
    """Whether Snakemake knows how it made a file, or that it did not finish it."""
    name = urlsafe_b64encode(file.encode()).decode()
    *folders, last = [name[i : i + 254] for i in range(0, len(name), 254)]  # as it cuts names that are too long
    path = Path(*(f"@{part}" for part in folders), last)
    return any((Path(".snakemake", of) / path).exists() for of in kinds)


# With these, results are made again, or removed, or declared to be right, without a look at what made them.
MAKES_AGAIN = {
    *("--forceall", "-F", "--forcerun", "-R", "--force", "-f"),
    *("--touch", "-t", "--unlock", "--delete-all-output", "--cleanup-metadata", "--cm"),
}

IS_MODULE = Path(workflow.main_snakefile).resolve().parent not in (WORKFLOW, WORKFLOW.parent)

try:
    check_folders(WORKFLOW, sys.executable)
    files = workflow.configfiles
    if IS_MODULE:  # Its config may be a study file alone, which is laid over the full study as any other.
        config, files = merge(read_study_file(BASE_CONFIG), config), [BASE_CONFIG, *files]
    study = Study(config, files, {} if IS_MODULE else workflow.config_settings.config)
    identities = Identities(study, code)
    config["defaults"] = study.config["defaults"]  # for captions of the report
    # Targets are not known to a Snakefile. No other word of a command line is nearly the name of a figure.
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
    # Snakemake itself makes the folders of outputs, and would say no more than "Permission denied".
    try:
        require_writable(study.paths.below())
    except InputError as error:
        raise WorkflowError(str(error))


wildcard_constraints:
    model="|".join(re.escape(str(model)) for model in study.selection.seeds),
    recording="|".join(re.escape(name) for name in study.selection.used_recordings),
    group="|".join(re.escape(group) for group in study.selection.groups) or "none",


def per_attempt(amount):
    """A resource that grows with each attempt, by `amount`; without retries there is one attempt."""
    return lambda wildcards, attempt: amount * attempt


def log_file(*parts):
    return study.paths.below("logs", *parts)


# ---- recordings


to_download = set()  # said so, once


def raw_files(wildcards):
    """What a recording is read from: files that are there, else what a rule makes."""
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
        logger.warning(f"{first} is not there: {wildcards.recording} would be downloaded to {DOWNLOADS}.")
    return [str(file) for file in download_paths(entry["reader"], entry["source"], DOWNLOADS)]


def raw_fingerprints(wildcards):
    """What the raw files are: where they lie does not matter. Of `input` Snakemake would not remember a change."""
    if study.selection.recording_entry(wildcards.recording)["synthetic"]:
        return "synthetic"
    try:
        return [fingerprint(file) for file in raw_files(wildcards)]
    except InputError as error:
        raise WorkflowError(str(error))


# ---- training and scoring


imported_models = [model for model in study.selection.seeds if study.options.is_imported(model)]


def network_files(wildcards):
    """The files of a network that was trained elsewhere: those that are there, else what a rule downloads."""
    try:
        return [str(file) for file in find_network_files(study, Model.parse(wildcards.model), int(wildcards.seed))]
    except InputError as error:
        raise WorkflowError(str(error))


def network_fingerprints(wildcards):
    """What these files are: where they lie does not matter."""
    try:
        return [fingerprint(file) for file in network_files(wildcards)]
    except InputError as error:
        raise WorkflowError(str(error))


def training_recording(wildcards):
    """The recording that a model's trials are made from, where they are."""
    return recording_of_trials(Model.parse(wildcards.model))


def recording_of_trials(model):
    recording = study.options.training_recording(model)
    return study.paths.recording_file(recording) if recording else []


def asked_recording(model):
    """What the recording that a model's trials are made from has to be."""
    return identities.recording(study.options.training_recording(model))


def training_options(wildcards):
    return canonical_json(study.options.training(Model.parse(wildcards.model)))


def chosen_learning_rates(models):
    """The files that say which learning rate is best, of those models that take that."""
    return [study.paths.learning_rate_file(model) for model in models if study.options.chooses_learning_rate(model)]


def trained_models(models):
    """What the runs of these models are to be made of, besides their seeds, the recording and the code."""
    parts = [{"options": study.options.training(model), "choice": identities.choice(model)} for model in models]
    return canonical_json(parts)


def training_codes(models):
    """Hashes over the code behind the runs of models."""
    return [code(*training_code(study, model)) for model in models]


def training_gpus(model):
    """How many GPUs a training job asks a cluster for; locally this is never asked."""
    return int(study.options.of(model)["training"]["device"] != "cpu")


def training_minutes(block):
    """An hour for each run, side by side on a GPU for each seed, and three more."""
    on_gpu = training_gpus(block.models[0])
    return 180 + 60 * len(block.seeds) * (1 if on_gpu else len(block.models))


def training_memory(block):
    """MB of memory of a job: checkpoints of networks side by side on a GPU are all in memory at its end."""
    options = study.options.of(block.models[0])
    if options["training"]["device"] == "cpu":
        return 1500
    kept = max(115, *(study.options.of(model)["training"]["n_checkpoints"] for model in block.models))
    return 1500 + len(block.models) * len(block.seeds) * kept * options["network"]["units"] ** 2 * 8 // 10**6


def compared_recording(model):
    """The recording that a model is compared with, where there is one."""
    recording = study.options.recording(model)
    return study.paths.recording_file(recording) if recording in study.selection.used_recordings else []


# Parts are seeds of models: `Part` in study/score_jobs.py.
SCORE_JOBS = score_jobs(study.selection)


def part_of(wildcards):
    return Part(Model.parse(wildcards.model), wildcards.subset)


def part_seeds(wildcards):
    return study.selection.seed_subsets[wildcards.table_type][Model.parse(wildcards.model)][wildcards.subset]


def part_runs(parts):
    """The runs of some parts, in their order."""
    return [study.paths.run_file(part.model, seed) for part, seeds in parts.items() for seed in seeds]


def named_parts(parts):
    """Seeds by the name of their part, in the order of `part_runs`."""
    return {f"{part.model}/{part.subset}": list(seeds) for part, seeds in parts.items()}


def table_codes(tables):
    """Hashes over the code behind tables, of which each is a table type, a part and its seeds."""
    return [code(*scoring_code(study, "score.py", table_type, [part.model])) for table_type, part, _ in tables]


def asked_tables(tables):
    """What each of these tables is to be made of."""
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
    """Seeds of a group's models: its figure's, since what a group's table says depends on all networks that are in it."""
    return {model: study.selection.model_seeds(group.split("/")[0], model) for model in study.selection.groups[group]}


# ---- figures and tables


def report_category(name):
    """The report lists its parts in the order of their names."""
    if name in ("claims", "claims_forest"):
        return "1 Claims"
    if re.fullmatch(r"(fig|table)\d+|proposition|schematic", name):
        return "2 Figures and tables of the paper"
    if re.fullmatch(r"companion_(fig\d+|schematic)", name):
        return "3 Figures of the companion paper"
    return "4 Beyond the papers"
