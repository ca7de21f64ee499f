# Runs and recordings to tidy tables: a job per kind of table and what it is about.


# Seeds of one model against its recording, or alone.
rule score:
    input:
        recording=lambda w: compared_recording(Model.parse(w.model)),
        runs=lambda w: [study.run_file(w.model, seed) for seed in study.parts[w.kind][Model.parse(w.model)][w.part]],
    output:
        study.table_file("{kind}", "{model}", "{part}"),
    log:
        log_file("similarity", "{model}", "{part}", "{kind}.log"),
    wildcard_constraints:
        part=r"seeds[\d_-]+",
        kind="|".join(kinds_of("model")),
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(1500),
        runtime=per_attempt(60),
    params:
        seeds=lambda w: study.parts[w.kind][Model.parse(w.model)][w.part],
        training=training_options,
        scoring=scoring_options,
        code=lambda w: code(*scoring_code(study, "score.py", w.kind, [Model.parse(w.model)])),
    script:
        "../scripts/score.py"


# The models of one task in one figure against each other.
rule score_group:
    input:
        recording=lambda w: compared_recording(study.groups[w.group][0]),
        runs=lambda w: [study.run_file(model, seed) for model in study.groups[w.group] for seed in group_seeds(w.group)],
    output:
        study.group_file("{kind}", "{group}"),
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
        seeds=lambda w: {str(model): group_seeds(w.group) for model in study.groups[w.group]},
        models=lambda w: canonical_json(
            {str(model): {**study.training(model), **study.scoring(model, w.kind)} for model in study.groups[w.group]}
        ),
        options=lambda w: canonical_json(study.describing(w.kind)),
        code=lambda w: code(*scoring_code(study, "score_group.py", w.kind, study.groups[w.group])),
    script:
        "../scripts/score_group.py"


# A recording alone.
rule describe_recording:
    input:
        study.recording_file("{recording}"),
    output:
        study.description_file("{kind}", "{recording}"),
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
        options=lambda w: canonical_json(study.describing(w.kind)),
        code=lambda w: code(*scoring_code(study, "describe_recording.py", w.kind, [])),
    script:
        "../scripts/describe_recording.py"
