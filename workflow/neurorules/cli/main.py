"""The command line of `neurorules`. Each command has its own module, which is imported only when it is called."""

from __future__ import annotations

import argparse
import difflib
import importlib
import sys
from collections.abc import Sequence

import neurorules

# The --help line of each command. The module for `show-options` is show_options.py.
HELPS = {
    "check": "check study files and count their runs",
    "plan": "count the jobs that are left to do, without running any",
    "status": "show a study's progress, and how long its runs will take",
    "trials": "show the test trials that a recording's conditions must match",
    "show-options": "show every option of a model, and where it is set",
    "report": "write a study's results page: one HTML file with its answer, claims and figures",
    "inspect": "show how result files were made, or what raw files contain",
    "archive": "pack a finished study into one file, or check such a file",
    "completion": "print a script for command-line completion in your shell",
}
EXAMPLES = {
    "check": "neurorules check demo config/reach.yaml",
    "plan": "neurorules plan reach table3 --raw-dir /data/recordings",
    "status": "neurorules status reach --watch",
    "trials": "neurorules trials companion dms",
    "show-options": "neurorules show-options reach hatsopoulos2007/eprop/base",
    "report": "neurorules report demo --output results.html",
    "inspect": "neurorules inspect results/demo/figures/fig1.pdf",
    "archive": "neurorules archive demo --output demo.zip",
    "completion": 'eval "$(neurorules completion bash)"',
}
_STUDY = (
    "name of a study (demo, reach, paper) or path of its file; join files with + to merge them (demo+config/mine.yaml)"
)


def build_parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The main parser, and each command's parser by name."""
    parser = argparse.ArgumentParser(
        prog="neurorules",
        description="Inspect the studies of this workflow. Snakemake runs them: `make run STUDY=...`.",
        epilog=_examples(*EXAMPLES.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"neurorules {neurorules.__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands = {
        name: subparsers.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=_examples(EXAMPLES[name]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for name, text in HELPS.items()
    }
    commands["check"].add_argument("studies", nargs="+", metavar="STUDY", help=_STUDY)
    for name in ("plan", "status", "trials", "show-options", "report"):
        commands[name].add_argument("study", metavar="STUDY", help=_STUDY)
    for name in ("plan", "status", "report", "archive"):
        commands[name].add_argument(
            "--directory",
            default=".",
            metavar="FOLDER",
            help="folder in which snakemake runs and results/ is (default: .)",
        )
    commands["report"].add_argument(
        "--output", metavar="FILE.html", help="where to write it (default: results/STUDY/report/report.html)"
    )
    status = commands["status"]
    status.add_argument("--by-figure", action="store_true", help="show the progress of each figure")
    status.add_argument("--watch", action="store_true", help="update every few seconds until all is done")
    status.add_argument(
        "--interval", type=_seconds, default=5.0, metavar="SECONDS", help="time between updates of --watch (default: 5)"
    )
    commands["plan"].add_argument(
        "targets", nargs="*", metavar="TARGET", help="figures or files to make (default: all)"
    )
    commands["plan"].add_argument("--raw-dir", metavar="FOLDER", help="folder with your own copies of the recordings")
    commands["trials"].add_argument("tasks", nargs="*", metavar="TASK", help="tasks (default: all tasks of the study)")
    commands["trials"].add_argument(
        "--output", metavar="FILE.npz", help="also write the inputs, targets and labels of one task to this NumPy file"
    )
    commands["show-options"].add_argument("model", metavar="MODEL", help="task/learning rule/setting")
    inspect = commands["inspect"]
    inspect.add_argument("files", nargs="+", metavar="FILE", help="runs, recordings, tables or figures; or raw files")
    inspect.add_argument("--options", metavar="FILE.yaml", help="describe the recording that these options produce")
    inspect.add_argument("--study", dest="of_study", metavar="STUDY", help="use the options of one of its recordings")
    inspect.add_argument("--recording", metavar="NAME", help="which recording of --study")
    inspect.add_argument("--picture", metavar="FILE.png", help="where to plot the recording's PSTHs and trials")
    archive = commands["archive"]
    archive.add_argument("study", nargs="?", metavar="STUDY", help=_STUDY)
    archive.add_argument("--output", metavar="FILE", help=".zip or .tar.gz file (default: under results/STUDY)")
    archive.add_argument("--without-runs", action="store_true", help="leave out the trained networks")
    archive.add_argument("--check", metavar="FILE", help="check an archive instead of writing one")
    commands["completion"].add_argument("shell", choices=("bash", "zsh", "fish"), help="your shell")
    return parser, commands


def _seconds(text: str) -> float:
    """Parse a waiting time in seconds.

    Raises:
        ArgumentTypeError: it is not a number from 0.1 to 86400.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds from 0.1 to 86400")
    return seconds


def _examples(*lines: str) -> str:
    return "\n  ".join(["examples:" if len(lines) > 1 else "example:", *lines])


def main(words: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        words: its name and arguments; None means those of the command line.

    Returns:
        the exit code: 0 on success, 1 for an error in the study or a file, 2 for wrong arguments.
    """
    words = sys.argv[1:] if words is None else words
    parser, _ = build_parser()
    if words and not words[0].startswith("-") and words[0] not in HELPS:
        close = difflib.get_close_matches(words[0], HELPS, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        parser.error(f"unknown command {words[0]}. {hint}Commands: {', '.join(HELPS)}")
    arguments = parser.parse_args(words)
    module = importlib.import_module(f"neurorules.cli.{arguments.command.replace('-', '_')}")
    return int(module.run(arguments))
