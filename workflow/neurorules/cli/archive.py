"""`neurorules archive`: pack a finished study into one file, or check such a file."""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

from neurorules.archive.pack import ENDINGS
from neurorules.cli.base import REPOSITORY, open_study, run_cli
from neurorules.errors import InputError
from neurorules.provenance.remembered import CodeHashes
from neurorules.study.identity import Identities


def write(name: str, folder: str, output: str | None, with_runs: bool) -> str:
    """Write the archive of a study.

    Args:
        name: the study's name or its file.
        folder: where snakemake runs.
        output: the file to write; None means results/<study>/archive/<study>.zip.
        with_runs: whether to include the trained networks.

    Returns:
        a summary of what was written.

    Raises:
        InputError: the study is not finished, the archive already exists, or it cannot be written.
    """
    from neurorules.archive.write import write_archive

    study = open_study(name)
    root = Path(folder)
    file = root / study.paths.below("archive", f"{study.name}{ENDINGS[0]}") if output is None else Path(output)
    codes = CodeHashes(root / ".snakemake" / "neurorules", REPOSITORY / "workflow" / "scripts")
    identities = Identities(study, codes.of)
    made = write_archive(identities, file, root, with_runs=with_runs, command=f"make run STUDY={name}")
    lines = [f"{made.file}: {made.n_files} files, {made.file.stat().st_size / 1e6:.1f} MB"]
    lines += [f"left out: {what} ({why})" for what, why in made.left_out.items()]
    return "\n".join([*lines, f"to check it: neurorules archive --check {made.file}"])


def verify(file: str) -> str:
    """Check an archive and return a summary of what was checked.

    Raises:
        InputError: it is damaged or incomplete, or its contents do not match its manifest.
    """
    from neurorules.archive.verify import verify_archive

    with tempfile.TemporaryDirectory(prefix="neurorules-archive-") as folder:
        return verify_archive(Path(file), Path(folder))


def _words(arguments: argparse.Namespace) -> str:
    if arguments.check is not None:
        return verify(arguments.check)
    if arguments.study is None:
        raise InputError(
            "No study given.",
            key="STUDY",
            remedy="Give a study (neurorules archive demo) or an archive to check (neurorules archive --check FILE).",
        )
    return write(arguments.study, arguments.directory, arguments.output, not arguments.without_runs)


def run(arguments: argparse.Namespace) -> int:
    """Write or check an archive and return the exit code."""
    return run_cli(partial(_words, arguments))
