# One job trains a block of seeds of one model, one after another; every seed is a file of its own.


def training_inputs(wildcards):
    recording = study.training_recording(Model.parse(wildcards.model))
    return study.recording_file(recording) if recording else []


def training_code(wildcards):
    model = Model.parse(wildcards.model)
    return code(
        "train.py", f"learning.{model.learning_rule}", f"tasks.{study.task_module(model.task)}"
    )


# A rule for each block of seeds that occurs, because a job names its output files.
for block in study.blocks:

    rule:
        name:
            "train_seed" + "_".join(map(str, block.seeds))
        input:
            recording=training_inputs,
        output:
            runs=[study.run_file("{model}", seed) for seed in block.seeds],
        wildcard_constraints:
            model="|".join(re.escape(str(model)) for model in block.models),
        params:
            run=lambda w: canonical_json(study.training(Model.parse(w.model))),
            code=training_code,
        log:
            log_file("runs", "{model}", "seed" + "_".join(map(str, block.seeds)) + ".log"),
        benchmark:
            benchmark_file("runs", "{model}", "seed" + "_".join(map(str, block.seeds)) + ".tsv")
        threads: 1
        resources:
            mem_mb=1500,
            runtime=240,
        script:
            "../scripts/train.py"
