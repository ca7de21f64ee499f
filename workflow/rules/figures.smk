# Figures and tables: one named target each, made only from tidy tables.

for figure_name in study.selection.figures:

    rule:
        name:
            figure_name
        input:
            **study.paths.figure_inputs(figure_name),
            published=os.path.relpath(WORKFLOW.parent / "resources" / "published.yaml"),
        output:
            [
                (
                    report(
                        file,
                        caption=f"../report/{figure_name}.rst",
                        category=report_category(figure_name),
                        labels={
                            "no.": f"{list(study.selection.figures).index(figure_name) + 1:02}",
                            "name": figure_name,
                            "shows": FIGURES.load(figure_name).TITLE,
                            "format": Path(file).suffix[1:],
                        },
                    )
                    if not file.endswith(".md")  # same content as the page
                    else file
                )
                for file in study.paths.figure_files(figure_name)
            ],
        log:
            log_file("figures", f"{figure_name}.log"),
        conda:
            "../../envs/analysis.yaml"
        resources:
            mem_mb=per_attempt(1000),
            runtime=per_attempt(20),
        params:
            name=figure_name,
            context=canonical_json(study.selection.figure_context(figure_name)),
            asked=lambda w, name=figure_name: canonical_json(
                {"figure": identities.figure(name), "tables": identities.figure_tables(name)}
            ),
            code=lambda w, name=figure_name: code(*figure_code(name)),
        script:
            "../scripts/figure.py"
