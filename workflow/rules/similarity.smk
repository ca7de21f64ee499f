# Runs against recordings: one job per model and kind of table.


rule score:
    input:
        recording=lambda w: compared_recording(Model.parse(w.model)),
        runs=lambda w: study.run_files(Model.parse(w.model)),
    output:
        study.table_file("{kind}", "{model}"),
    log:
        log_file("similarity", "{model}", "{kind}.log"),
    wildcard_constraints:
        kind="learning|distances|noise_floor",
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        seeds=lambda w: study.seeds[Model.parse(w.model)],
        training=training_options,
        scoring=scoring_options,
        code=scoring_code,
    script:
        "../scripts/score.py"


# Networks against networks: one job per pair of models.
rule score_pair:
    input:
        recording=lambda w: compared_recording(study.pairs[w.pair][0]),
        runs=lambda w: [file for model in study.pairs[w.pair] for file in study.run_files(model)],
    output:
        study.pair_file("{pair}"),
    log:
        log_file("similarity", "pairs", "{pair}", "model_distances.log"),
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        models=lambda w: [str(model) for model in study.pairs[w.pair]],
        seeds=lambda w: [study.seeds[model] for model in study.pairs[w.pair]],
        options=lambda w: canonical_json([study.training(model) for model in study.pairs[w.pair]]),
        code=lambda w: code("score_pair.py", f"tasks.{study.task_module(study.pairs[w.pair][0].task)}"),
    script:
        "../scripts/score_pair.py"
