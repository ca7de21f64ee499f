# Runs against recordings: one job per model and kind of table.


rule score:
    input:
        recording=lambda w: study.recording_file(study.recording(Model.parse(w.model))),
        runs=lambda w: study.run_files(Model.parse(w.model)),
    output:
        study.table_file("{kind}", "{model}"),
    log:
        log_file("similarity", "{model}", "{kind}.log"),
    wildcard_constraints:
        kind="distances|noise_floor",
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
