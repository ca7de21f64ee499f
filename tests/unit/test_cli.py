"""The command `neurorules`: what it finds, what it prints, and how little it imports."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurorules.cli.base import load_study, open_study, study_file, study_files, study_paths
from neurorules.cli.check import summary
from neurorules.cli.inspect import made_by
from neurorules.cli.main import EXAMPLES, HELPS, build_parser, main
from neurorules.cli.plan import snakemake_command, with_one_job_table
from neurorules.cli.show_options import find_model, table
from neurorules.errors import DamagedResult, InputError
from neurorules.io.netcdf import write_dataset
from neurorules.io.tables import write_table

MODEL = "hatsopoulos2007/eprop/base"


# ---- words of the command line


def test_every_command_has_help_an_example_and_a_module(capsys: pytest.CaptureFixture[str]) -> None:
    for name in HELPS:
        with pytest.raises(SystemExit) as end:
            main([name, "--help"])
        assert end.value.code == 0
        assert EXAMPLES[name] in capsys.readouterr().out
        assert (Path(__file__).parents[2] / f"workflow/neurorules/cli/{name.replace('-', '_')}.py").is_file()


def test_examples_are_words_that_the_parser_takes() -> None:
    parser, _ = build_parser()
    for name, example in EXAMPLES.items():
        if example.startswith("neurorules "):
            assert parser.parse_args(example.split()[1:]).command == name


def test_an_unknown_command_is_set_right(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["statsu"])
    assert end.value.code == 2
    assert "Did you mean status?" in capsys.readouterr().err


def test_help_imports_nothing_heavy(repository: Path) -> None:
    code = (
        "import sys\nfrom neurorules.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'pandas', 'numpy', 'xarray', 'scipy', 'matplotlib', 'yaml', 'snakemake'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    environment = {"PYTHONPATH": str(repository / "workflow")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert (done.returncode, done.stderr) == (0, "[]\n")


# ---- studies by name


def test_studies_are_called_as_their_files_and_the_default_one_paper(repository: Path) -> None:
    names = {file.stem for file in (repository / "config").glob("*.yaml")} - {"config"} | {"paper"}
    assert set(study_files()) == names
    assert study_file("paper").resolve() == repository / "config" / "config.yaml"
    assert study_file("reach").resolve() == repository / "config" / "reach.yaml"
    assert study_file("mine/own.yaml") == Path("mine/own.yaml")


def test_files_joined_by_plus_are_one_study(repository: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("study: mine\nuse_figures: [fig5]\nseeds: [0, 1]\n", encoding="utf-8")
    name = f"reach+{mine}"
    assert [file.resolve() for file in study_paths(name)] == [repository / "config" / "reach.yaml", mine]
    study = open_study(name)
    assert (study.name, list(study.selection.figures)) == ("mine", ["fig5"])
    assert {model.task for model in study.selection.seeds} == {"hatsopoulos2007"}  # of reach, not of the default study
    assert f"reach.yaml + {mine}: mine, 1 figures and tables, 4 runs" in summary(name)


def test_a_file_with_a_plus_in_its_name_is_one_file(tmp_path: Path) -> None:
    file = tmp_path / "a+b.yaml"
    file.write_text("study: one\n", encoding="utf-8")
    assert study_paths(str(file)) == [file]


def test_an_unknown_study_is_set_right() -> None:
    with pytest.raises(InputError) as error:
        study_file("raech")
    assert error.value.value == "raech"
    assert error.value.remedy is not None and "Did you mean reach?" in error.value.remedy


def test_check_counts_and_goes_on_after_a_wrong_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One figure of a task with two learning rules and three seeds has six runs."""
    right, wrong = tmp_path / "right.yaml", tmp_path / "wrong.yaml"
    right.write_text("study: right\nuse_figures: [learning_curves]\nseeds: [0, 1, 2]\n")
    right.write_text(
        right.read_text()
        + "figures: {learning_curves: {tasks: [perceptual-decision], learning_rules: [bptt, eprop]}}\n"
    )
    wrong.write_text("use_figurs: [fig1]\n")
    assert main(["check", str(wrong), str(right)]) == 1
    said = capsys.readouterr()
    assert said.out == f"{right}: right, 1 figures and tables, 6 runs\n"
    assert said.err.startswith(f"{wrong}: ") and "Did you mean use_figures?" in said.err


# ---- plan


def test_a_dry_run_shows_its_table_of_jobs_once() -> None:
    jobs = "Job stats:\njob      count\n-----  -------\nfig1         1\ntotal        1\n"
    said = f"Building DAG of jobs...\n{jobs}\n{jobs}\nReasons:\n    (check individual jobs above for details)\n"
    assert (
        with_one_job_table(said)
        == f"Building DAG of jobs...\n{jobs}\nReasons:\n    (check individual jobs above for details)"
    )
    assert with_one_job_table("Nothing to be done.\n") == "Nothing to be done."


def test_targets_stand_before_the_options_that_take_every_word() -> None:
    command = snakemake_command([Path("config/reach.yaml")], ["table3", "fig5"], "/data/raw files")
    assert command[3:5] == ["table3", "fig5"]
    assert command[command.index("--config") + 1] == "raw_dir=/data/raw files"
    assert "--dry-run" in command


# ---- options of a model


def places(text: str) -> dict[str, tuple[str, str, str]]:
    """By option: value, file and key, from the lines of the table."""
    rows = [line.rsplit("  ", 2) for line in text.splitlines()[1:]]
    options = {front.split()[0]: (front.split(maxsplit=1)[1].strip(), file.strip(), key) for front, file, key in rows}
    assert len(options) == len(rows)
    return options


def test_options_with_the_file_and_key_they_come_from(tmp_path: Path) -> None:
    """Each layer sets one option: defaults, learning rule, task, setting, its by_learning_rule."""
    own = tmp_path / "own.yaml"
    own.write_text(
        "study: own\n"
        "defaults: {training: {batch_size: 77}}\n"
        "learning_rules: {evolution_strategies: {samples: 6}}\n"
        "tasks: {hatsopoulos2007: {training: {updates: 88}}}\n"
        "settings:\n"
        "  mine:\n"
        "    network: {units: 99}\n"
        "    by_learning_rule: {evolution_strategies: {training: {learning_rate: 0.5}}}\n"
    )
    study = load_study(own)
    found = places(table(study, find_model(study, "hatsopoulos2007/evolution_strategies/mine")))
    assert found["training.batch_size"] == ("77", str(own), "defaults.training.batch_size")
    assert found["learning.samples"] == ("6", str(own), "learning_rules.evolution_strategies.samples")
    assert found["training.updates"] == ("88", str(own), "tasks.hatsopoulos2007.training.updates")
    assert found["network.units"] == ("99", str(own), "settings.mine.network.units")
    rate = "settings.mine.by_learning_rule.evolution_strategies.training.learning_rate"
    assert found["training.learning_rate"] == ("0.5", str(own), rate)
    _, file, key = found["network.activation"]
    assert (file, key) == ("default", "defaults.network.activation")


@pytest.mark.parametrize(
    ("text", "meant"),
    [("hatsopoulos2007/eprob/base", "eprop"), ("hatsopoulos/eprop/base", "hatsopoulos2007"), ("eprop", "eprop/")],
)
def test_an_unknown_model_is_set_right(text: str, meant: str) -> None:
    with pytest.raises(InputError) as error:
        find_model(load_study(study_file("reach")), text)
    assert error.value.remedy is not None and meant in error.value.remedy


# ---- what a result was made from


def test_what_a_run_was_made_by(tmp_path: Path) -> None:
    run = xr.Dataset({"accuracy": ("checkpoint", np.ones(3))})
    run.attrs = {"seed": np.int64(7), "code": "12e4", "model": json.dumps({"task": {"dt_ms": 10}})}
    write_dataset(tmp_path / "seed7.nc", run)
    about = made_by(tmp_path / "seed7.nc")
    assert about == {"sizes": {"checkpoint": 3}, "seed": 7, "code": "12e4", "model": {"task": {"dt_ms": 10}}}


def test_what_a_figure_was_made_by(tmp_path: Path) -> None:
    """Titles and names may contain parentheses, backslashes and Greek letters, which a PDF encodes differently."""
    from matplotlib.figure import Figure

    from neurorules.plotting.save import save_figure

    for said in ({"study": "a (b) \\ c", "seeds": [0, 1]}, {"study": "τ (ms)", "seeds": []}):
        save_figure(Figure(), tmp_path / "f.pdf", tmp_path / "f.png", "Title (1)", json.dumps(said, ensure_ascii=False))
        for ending in ("pdf", "png"):
            assert made_by(tmp_path / f"f.{ending}") == {"title": "Title (1)", **said}


def test_what_tables_were_made_by(tmp_path: Path) -> None:
    import pandas as pd

    write_table(tmp_path / "t.csv", pd.DataFrame({"task": ["a", "a"], "seed": [0, 1], "training_code": ["0e1", "0e1"]}))
    about = made_by(tmp_path / "t.csv")
    assert (about["rows"], about["task"], about["seed"], about["training_code"]) == (2, ["a"], [0, 1], ["0e1"])
    (tmp_path / "t.md").write_text('| a |\n\n<!-- made by {"study": "<tiny>"} -->\n')
    (tmp_path / "t.html").write_text("<html><!-- {&quot;study&quot;: &quot;&lt;tiny&gt;&quot;} --></html>\n")
    assert made_by(tmp_path / "t.md") == made_by(tmp_path / "t.html") == {"study": "<tiny>"}


def test_files_that_do_not_say_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("cut.pdf", "cut.png", "cut.md", "cut.json"):
        (tmp_path / name).write_bytes(b"cut off")
        with pytest.raises(DamagedResult) as error:
            made_by(tmp_path / name)
        assert error.value.file == str(tmp_path / name)
    assert main(["inspect", str(tmp_path / "none.nc"), str(tmp_path / "notes.txt")]) == 1
    said = capsys.readouterr().err
    assert "File not found." in said and "This file is not a result of a study." in said


# ---- completion


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("neurorules sta", {"status"}),
        ("neurorules plan reach-", {"reach-long", "reach-power"}),
        ("neurorules plan reach --raw", {"--raw-dir"}),
        ("neurorules completion f", {"fish"}),
    ],
)
def test_bash_completes(typed: str, expected: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    words = typed.split()
    ask = (
        f"COMP_WORDS=({' '.join(words)})\nCOMP_CWORD={len(words) - 1}\n_neurorules\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    script = f"{capsys.readouterr().out}\n{ask}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.stderr == ""
    assert set(done.stdout.split()) == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_scripts_of_other_shells_are_read_by_them(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    assert main(["completion", shell]) == 0
    done = subprocess.run([shell, "-c", capsys.readouterr().out], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
