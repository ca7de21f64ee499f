# Runs and recordings to tidy tables: a job per kind of table and what it is about.


# Seeds of one model against its recording, or alone.
rule score:
    input:
        recording=lambda w: compared_recording(Model.parse(w.model)),
        runs=lambda w: [
            study.paths.run_file(w.model, seed)
            for seed in study.selection.seed_subsets[w.kind][Model.parse(w.model)][w.subset]
        ],
    output:
        study.paths.table_file("{kind}", "{model}", "{subset}"),
    log:
        log_file("similarity", "{model}", "{subset}", "{kind}.log"),
    wildcard_constraints:
        subset=r"seeds[\d_-]+",
        kind="|".join(kinds_of("model")),
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(1500),
        runtime=per_attempt(60),
    params:
        seeds=lambda w: study.selection.seed_subsets[w.kind][Model.parse(w.model)][w.subset],
        training=training_options,
        scoring=scoring_options,
        code=lambda w: code(*scoring_code(study, "score.py", w.kind, [Model.parse(w.model)])),
    script:
        "../scripts/score.py"


# The models of one task in one figure against each other.
rule score_group:
    input:
        recording=lambda w: compared_recording(study.selection.groups[w.group][0]),
        runs=lambda w: [
            study.paths.run_file(model, seed)
            for model in study.selection.groups[w.group]
            for seed in group_seeds(w.group)
        ],
    output:
        study.paths.group_file("{kind}", "{group}"),
    log:
        log_file("similarity", "groups", "{group}", "{kind}.log"),
    wildcard_constraints:
        kind="|".join(kinds_of("group")),
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(2000),
        runtime=per_attempt(120),
    params:
        seeds=lambda w: {str(model): group_seeds(w.group) for model in study.selection.groups[w.group]},
        models=lambda w: canonical_json(
            {
                str(model): {**study.options.training(model), **study.options.scoring(model, w.kind)}
                for model in study.selection.groups[w.group]
            }
        ),
        options=lambda w: canonical_json(study.options.table_options(w.kind)),
        code=lambda w: code(*scoring_code(study, "score_group.py", w.kind, study.selection.groups[w.group])),
    script:
        "../scripts/score_group.py"


# A recording alone.
rule describe_recording:
    input:
        study.paths.recording_file("{recording}"),
    output:
        study.paths.description_file("{kind}", "{recording}"),
    log:
        log_file("similarity", "recordings", "{recording}", "{kind}.log"),
    wildcard_constraints:
        kind="|".join(kinds_of("recording")),
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(1500),
        runtime=per_attempt(60),
    params:
        options=lambda w: canonical_json(study.options.table_options(w.kind)),
        code=lambda w: code(*scoring_code(study, "describe_recording.py", w.kind, [])),
    script:
        "../scripts/describe_recording.py"
