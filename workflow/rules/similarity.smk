# Runs and recordings to tidy tables: a job per table type and subject.


# Seeds of one model against its recording, or alone.
rule score:
    input:
        recording=lambda w: compared_recording(Model.parse(w.model)),
        runs=lambda w: [
            study.paths.run_file(w.model, seed)
            for seed in study.selection.seed_subsets[w.table_type][Model.parse(w.model)][w.subset]
        ],
    output:
        study.paths.table_file("{table_type}", "{model}", "{subset}"),
    log:
        log_file("similarity", "{model}", "{subset}", "{table_type}.log"),
    wildcard_constraints:
        subset=r"seeds[\w-]+",
        table_type="|".join(table_types("model")),
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(1500),
        runtime=per_attempt(60),
    params:
        seeds=lambda w: study.selection.seed_subsets[w.table_type][Model.parse(w.model)][w.subset],
        training=training_options,
        scoring=scoring_options,
        asked=lambda w: canonical_json(
            {
                "runs": identities.run(Model.parse(w.model)),
                "recording": identities.recording(study.options.recording(Model.parse(w.model))),
                "table": identities.model_table(
                    w.table_type,
                    Model.parse(w.model),
                    study.selection.seed_subsets[w.table_type][Model.parse(w.model)][w.subset],
                ),
            }
        ),
        code=lambda w: code(*scoring_code(study, "score.py", w.table_type, [Model.parse(w.model)])),
    script:
        "../scripts/score.py"


# The models of one task in one figure against each other.
rule score_group:
    input:
        recording=lambda w: compared_recording(study.selection.groups[w.group][0]),
        runs=lambda w: [
            study.paths.run_file(model, seed) for model, seeds in group_seeds(w.group).items() for seed in seeds
        ],
    output:
        study.paths.group_file("{table_type}", "{group}"),
    log:
        log_file("similarity", "groups", "{group}", "{table_type}.log"),
    wildcard_constraints:
        table_type="|".join(table_types("group")),
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(120),
    params:
        seeds=lambda w: {str(model): seeds for model, seeds in group_seeds(w.group).items()},
        models=lambda w: canonical_json(
            {
                str(model): {**study.options.training(model), **study.options.scoring(model, w.table_type)}
                for model in study.selection.groups[w.group]
            }
        ),
        options=lambda w: canonical_json(study.options.table_options(w.table_type)),
        asked=lambda w: canonical_json(
            {
                "runs": {str(model): identities.run(model) for model in study.selection.groups[w.group]},
                "recording": identities.recording(study.options.recording(study.selection.groups[w.group][0])),
                "table": identities.group_table(w.table_type, w.group),
            }
        ),
        code=lambda w: code(*scoring_code(study, "score_group.py", w.table_type, study.selection.groups[w.group])),
    script:
        "../scripts/score_group.py"


# A recording alone.
rule score_recording:
    input:
        study.paths.recording_file("{recording}"),
    output:
        study.paths.description_file("{table_type}", "{recording}"),
    log:
        log_file("similarity", "recordings", "{recording}", "{table_type}.log"),
    wildcard_constraints:
        table_type="|".join(table_types("recording")),
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(1500),
        runtime=per_attempt(60),
    params:
        options=lambda w: canonical_json(study.options.table_options(w.table_type)),
        asked=lambda w: canonical_json(
            {
                "runs": {},
                "recording": identities.recording(w.recording),
                "table": identities.recording_table(w.table_type, w.recording),
            }
        ),
        code=lambda w: code(*scoring_code(study, "score_recording.py", w.table_type, [])),
    script:
        "../scripts/score_recording.py"
