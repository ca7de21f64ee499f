"""What `neurorules status` says about failed jobs, and what it shows until a study is finished."""

from __future__ import annotations

import fcntl
import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.studies import study
from rich.console import Console

from neurorules.cli.failures import KILLED
from neurorules.cli.main import main
from neurorules.cli.progress import progress
from neurorules.cli.progress_words import in_words
from neurorules.cli.status import report
from neurorules.cli.watch import watch
from neurorules.study.load import Study
from neurorules.study.model import Model

MODEL = Model("romo", "eprop", "base")
LATER = 3600.0


@pytest.fixture
def small() -> Study:
    """A figure of one model with two seeds, which needs no recording."""
    figure = {"tasks": ["romo"], "learning_rules": ["eprop"], "settings": ["base"], "extra_models": [], "seeds": [0, 1]}
    return study({"study": "mine", "use_figures": ["companion_fig1"], "figures": {"companion_fig1": figure}})


def log_of(study: Study, *parts: str) -> str:
    return study.paths.below("logs", *parts)


def run_job(root: Path, log: str, body: str) -> subprocess.CompletedProcess[str]:
    """A job like the workflow's scripts: its body in `job`, its log where the rules put it."""
    (root / log).parent.mkdir(parents=True, exist_ok=True)
    lines = (
        f"import os\nfrom neurorules.errors import InputError\nfrom neurorules.jobs import job\nwith job({log!r}):\n"
    )
    return subprocess.run(
        [sys.executable, "-c", f"{lines}    {body}\n"], cwd=root, capture_output=True, text=True, timeout=60
    )


def touch(root: Path, *files: str) -> None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("x")


def finish(study: Study, root: Path) -> None:
    for name in study.selection.figures:
        touch(root, *study.paths.figure_tables(name), *study.paths.figure_files(name))
    touch(
        root, *(study.paths.run_file(model, seed) for model, seeds in study.selection.seeds.items() for seed in seeds)
    )


# ---- failed jobs


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("raise InputError('Training diverged.', key='seed', remedy='Less.')", "Error: Training diverged."),
        ("raise ZeroDivisionError('by zero')", "ZeroDivisionError: by zero"),
        (f"os.kill(os.getpid(), {signal.SIGKILL:d})", KILLED),
    ],
)
def test_a_job_that_failed(small: Study, tmp_path: Path, body: str, line: str) -> None:
    log = log_of(small, "runs", str(MODEL), "seed0_1.log")
    assert run_job(tmp_path, log, body).returncode != 0
    (failed,) = progress(small, tmp_path, time.time() + LATER).failed
    assert (failed.log, failed.line) == (tmp_path / log, line)
    # until its results exist, no matter which job made them
    touch(tmp_path, small.paths.run_file(MODEL, 0))
    assert progress(small, tmp_path, time.time() + LATER).failed
    touch(tmp_path, small.paths.run_file(MODEL, 1))
    assert not progress(small, tmp_path, time.time() + LATER).failed


def test_a_job_that_ended_well_or_still_runs_has_not_failed(small: Study, tmp_path: Path) -> None:
    """Its log may say "Error" in the middle of a line, and its lock is held as long as it runs."""
    log = log_of(small, "runs", str(MODEL), "seed0_1.log")
    assert run_job(tmp_path, log, "import sys; print('no Error: at all', file=sys.stderr)").returncode == 0
    assert not progress(small, tmp_path, time.time() + LATER).failed
    lock = (tmp_path / log).with_name(".seed0_1.log.lock")
    with open(lock, "wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert not progress(small, tmp_path, time.time() + LATER).failed
    assert not progress(small, tmp_path).failed  # it may be between being made and being held
    assert [job.line for job in progress(small, tmp_path, time.time() + LATER).failed] == [KILLED]


@pytest.mark.parametrize(
    ("log", "made"),
    [
        (("figures", "companion_fig1.log"), "figure"),
        (("similarity", "models_3.log"), "table"),  # a job of tables of several models
        (("runs", "romo", "stack_1.log"), "run"),  # a job of several models
    ],
)
def test_which_results_a_log_belongs_to(small: Study, tmp_path: Path, log: tuple[str, ...], made: str) -> None:
    """A log of an earlier attempt is not shown once the results of its place are there."""
    finish(small, tmp_path)
    file = {
        "figure": small.paths.figure_files("companion_fig1")[0],
        "table": small.paths.figure_tables("companion_fig1")[0],
        "run": small.paths.run_file(MODEL, 0),
    }[made]
    touch(tmp_path, log_of(small, *log))
    (tmp_path / log_of(small, *log)).write_text("Error: no\n  remedy: x\n")
    assert not progress(small, tmp_path).failed
    (tmp_path / file).unlink()
    assert [job.line for job in progress(small, tmp_path).failed] == ["Error: no"]


def test_the_latest_failures_are_named_and_the_others_counted(small: Study, tmp_path: Path) -> None:
    for number in range(12):
        log = tmp_path / log_of(small, "runs", str(MODEL), f"seed{number}.log")
        touch(tmp_path, str(log))
        log.write_text(f"Error: {number}\n")
        os.utime(log, (number, number))
    lines = report(small, tmp_path).splitlines()
    assert lines[-2:] == ["    Error: 2", "  and 2 more"]
    assert "failed jobs: 12" in lines and "    Error: 11" in lines and "    Error: 1" not in lines


# ---- counts


def test_figures_have_the_runs_and_tables_that_they_show(small: Study, tmp_path: Path) -> None:
    touch(tmp_path, small.paths.run_file(MODEL, 1))
    (line,) = (line for line in report(small, tmp_path, by_figure=True).splitlines() if "companion_fig1" in line)
    n_tables = len(small.paths.figure_tables("companion_fig1"))
    assert line.split() == f"companion_fig1 runs 1 of 2, tables 0 of {n_tables}, not drawn yet".split()
    assert "runs 1 of" not in report(small, tmp_path)


def test_disk_counts_a_file_of_two_names_once(small: Study, tmp_path: Path) -> None:
    touch(tmp_path, small.paths.run_file(MODEL, 0))
    run = tmp_path / small.paths.run_file(MODEL, 0)
    run.write_bytes(bytes(1_500_000))
    os.link(run, run.with_name("second.nc"))
    now = progress(small, tmp_path)
    assert now.used_bytes == 1_500_000
    assert "disk: 1.5 MB used by results" in in_words(now)


# ---- until it is finished


def shown(text: str) -> str:
    """What a terminal shows, without its codes."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_terminal_is_drawn_until_all_is_there(small: Study, tmp_path: Path) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, height=30)
    steps = [lambda: touch(tmp_path, small.paths.run_file(MODEL, 0)), lambda: finish(small, tmp_path)]
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        steps.pop(0)()

    assert watch(small, tmp_path, 2.0, console, wait) == "study mine is finished"
    assert waited == [2.0, 2.0] and not steps
    text = shown(screen.getvalue())
    for words in ("0 of 2", "1 of 2", "2 of 2", "companion_fig1", "not yet", "drawn", "time left", "free"):
        assert words in text
    assert text.index("0 of 2") < text.index("1 of 2") < text.rindex("2 of 2")


def test_failed_jobs_fit_in_a_low_terminal(small: Study, tmp_path: Path) -> None:
    log = log_of(small, "runs", str(MODEL), "seed0_1.log")
    run_job(tmp_path, log, "raise InputError('[bold]Diverged[/bold]' + 'x' * 300)")
    screen = io.StringIO()

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    console = Console(file=screen, force_terminal=True, width=100, height=24)
    assert "continues" in watch(small, tmp_path, 1.0, console, stop)
    lines = shown(screen.getvalue()).splitlines()
    assert any(line.lstrip().startswith("Error: [bold]Diverged[/bold]xxx") for line in lines)  # no markup of ours
    assert all(len(line) <= 100 for line in lines) and len(lines) <= 24


def test_without_a_terminal_the_report_is_printed_in_every_interval(small: Study, tmp_path: Path) -> None:
    screen = io.StringIO()
    steps = [lambda: touch(tmp_path, small.paths.run_file(MODEL, 0)), lambda: finish(small, tmp_path)]
    last = watch(small, tmp_path, 1.0, Console(file=screen, force_terminal=False), lambda _: steps.pop(0)())
    reports = screen.getvalue().split("\n\n")
    assert [re.search(r"^runs +(\d)", text, re.MULTILINE)[1] for text in (*reports[:-1], last)] == ["0", "1", "2"]  # type: ignore[index]
    assert "\x1b" not in screen.getvalue()


def test_the_words_of_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for wrong in ("0", "soon", "-1", "nan", "1e9"):
        with pytest.raises(SystemExit):
            main(["status", "demo", "--watch", "--interval", wrong])
        assert "number of seconds" in capsys.readouterr().err
    assert main(["status", "demo", "--by-figure", "--directory", str(tmp_path)]) == 0
    assert "  fig1 " in capsys.readouterr().out
