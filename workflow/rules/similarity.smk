# From runs and recordings to tidy tables: one job per table type and subject, or one job for several cheap tables.


# Seeds of one model, with its recording if it has one.
rule score:
    input:
        recording=lambda w: compared_recording(Model.parse(w.model)),
        runs=lambda w: part_runs({part_of(w): part_seeds(w)}),
    output:
        study.paths.table_file("{table_type}", "{model}", "{subset}"),
    log:
        log_file("similarity", "{model}", "{subset}", "{table_type}.log"),
    wildcard_constraints:
        subset=r"seeds[\w-]+",
        table_type="|".join(name for name in table_types("model") if name not in SHARED_TABLE_TYPES) or "none",
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=per_attempt(1500),
        runtime=per_attempt(60),
    params:
        runs=lambda w: named_parts({part_of(w): part_seeds(w)}),
        tables=lambda w: asked_tables([(w.table_type, part_of(w), part_seeds(w))]),
        code=lambda w: table_codes([(w.table_type, part_of(w), part_seeds(w))]),
    script:
        "../scripts/score.py"


# Tables of several models, if `models_per_job` asks for it: one rule per job, because their outputs differ.
for number, score_job in enumerate(SCORE_JOBS):

    rule:
        name:
            f"score_models_{number}"
        input:
            recording=compared_recording(score_job.tables[0][1].model),
            runs=part_runs(score_job.runs),
        output:
            [study.paths.table_file(kind, part.model, part.subset) for kind, part, _ in score_job.tables],
        log:
            log_file("similarity", f"models_{number}.log"),
        conda:
            "../../envs/training.yaml"
        threads: 1
        resources:
            mem_mb=per_attempt(1500),
            runtime=per_attempt(60 * len(score_job.runs)),
        params:
            runs=named_parts(score_job.runs),
            tables=lambda w, tables=score_job.tables: asked_tables(tables),
            code=lambda w, tables=score_job.tables: table_codes(tables),
        script:
            "../scripts/score.py"


# Comparisons among the models of one task in one figure.
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


# Tables about a recording only.
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
