"""A study's progress as text."""

from __future__ import annotations

import os

from neurorules.cli.failures import FailedJob
from neurorules.cli.progress import Count, Progress

SHOWN = 10  # failed jobs listed in a report


def in_words(now: Progress, *, by_figure: bool = False) -> str:
    """A study's progress as lines of text."""
    lines = [f"study {now.study} in {now.folder}", _line("runs", now.runs)]
    if len(now.tasks) > 1:
        lines += [_line(f"  {task}", count) for task, count in now.tasks.items()]
    if now.elsewhere.of:
        lines.append(_line("trained elsewhere", now.elsewhere))
    lines.append(_line("tables", now.tables))
    drawn = sum(figure.drawn for figure in now.figures)
    lines.append(_line("figures", Count(drawn, len(now.figures))))
    missing = [figure.name for figure in now.figures if not figure.drawn]
    if by_figure:
        for figure in now.figures:
            runs = f"runs {figure.runs.done} of {figure.runs.of}, " if figure.runs.of else ""
            state = "" if figure.drawn else ", not drawn yet"
            lines.append(f"  {figure.name:<20} {runs}tables {figure.tables.done} of {figure.tables.of}{state}")
    elif missing:
        lines.append(f"  not yet: {', '.join(missing)}")
    if now.unknown and now.runs.done < now.runs.of:
        lines.append(
            f"other runs in this folder: {len(now.unknown)} models that this study does not use, such as "
            f"{now.unknown[0]}. If you ran it with several files, join their names with +, as in demo+mine."
        )
    if now.pace:
        lines.append(now.pace)
    lines.append(disk(now))
    lines += failures(now.failed)
    return "\n".join(lines)


def disk(now: Progress) -> str:
    """Disk space used by the results and free space on their disk, as text."""
    return f"disk: {_size(now.used_bytes)} used by results, {_size(now.free_bytes)} free"


def failures(failed: tuple[FailedJob, ...]) -> list[str]:
    """Lines about the failed jobs: for each, its log and the error at the end of it."""
    if not failed:
        return []
    lines = [f"failed jobs: {len(failed)}"]
    for job in failed[:SHOWN]:
        lines += [f"  {os.path.normpath(job.log)}", f"    {job.line}"]
    return lines + ([f"  and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else [])


def _size(n_bytes: int) -> str:
    """A human-readable size, such as 1.3 GB."""
    size, unit = float(n_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _line(what: str, count: Count) -> str:
    return f"{what:<22} {count.done:>5} of {count.of:<5} {count.share:4.0%}"
