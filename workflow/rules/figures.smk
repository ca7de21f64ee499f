# Figures and tables: one named target each, drawn from tidy tables only.


def figure_files(name):
    """What a figure or table leaves, figures under figures/, tables under tables/."""
    products = load_figure(name).PRODUCTS
    folder = "figures" if "pdf" in products else "tables"
    return [study.path(folder, f"{name}.{ending}") for ending in products]


for figure_name in study.figures:

    rule:
        name:
            figure_name
        input:
            [
                study.table_file(kind, model)
                for kind in load_figure(figure_name).NEEDS
                for model in study.figures[figure_name]
            ],
            published="resources/published.yaml",
        output:
            figure_files(figure_name),
        params:
            name=figure_name,
            options=figure_options(study, figure_name),
            code=code("figure.py", f"figures.{figure_name}"),
        log:
            log_file("figures", f"{figure_name}.log"),
        resources:
            mem_mb=1000,
            runtime=20,
        script:
            "../scripts/figure.py"
