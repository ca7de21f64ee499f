"""`neurorules status --watch`: show a study's progress, updated every few seconds until it is finished."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from neurorules.cli.base import Study
from neurorules.cli.progress import Count, Progress, progress
from neurorules.cli.progress_words import SHOWN, disk, in_words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

BAR = 20  # columns


def watch(
    study: Study,
    folder: str | Path,
    interval_s: float,
    console: Console | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> str:
    """Show a study's progress until it is finished, or until Ctrl-C.

    If the output is not a terminal, the plain report is printed once per interval.

    Args:
        study: a checked study.
        folder: where snakemake runs.
        interval_s: seconds between updates.
        console: where to draw; None means standard output.
        wait: waits for the given number of seconds.

    Returns:
        the last line to print.
    """
    from rich.console import Console

    console = console or Console()
    try:
        if console.is_terminal:
            return _draw(study, folder, interval_s, console, wait)
        while not (now := progress(study, folder)).is_finished:
            print(in_words(now, by_figure=True), end="\n\n", flush=True, file=console.file)
            wait(interval_s)
        return in_words(now, by_figure=True)
    except KeyboardInterrupt:
        return "stopped watching; a running study continues"


def _draw(study: Study, folder: str | Path, interval_s: float, console: Console, wait: Callable[[float], None]) -> str:
    from rich.live import Live

    now = progress(study, folder)
    with Live(picture(now, console.height), console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while not now.is_finished:
            wait(interval_s)
            now = progress(study, folder)
            live.update(picture(now, console.height), refresh=True)
    return f"study {study.name} is finished"


def picture(now: Progress, height: int) -> RenderableType:
    """A study's progress as a rich renderable.

    Args:
        now: the progress.
        height: lines available. Finished figures are left out first, so that failed jobs stay visible.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    failed = now.failed[:SHOWN]
    total = Table.grid(padding=(0, 2))
    for what, count in (("runs", now.runs), ("trained elsewhere", now.elsewhere), ("tables", now.tables)):
        if count.of:
            total.add_row(what, _bar(count), f"{count.done} of {count.of}")
    drawn = Count(sum(figure.drawn for figure in now.figures), len(now.figures))
    total.add_row("figures", _bar(drawn), f"{drawn.done} of {drawn.of}")

    room = max(5, height - total.row_count - 2 * len(failed) - 8)
    figures = list(now.figures)
    if len(figures) > room:
        figures = [figure for figure in figures if not figure.drawn]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for heading in ("figure", "runs", "tables", ""):
        table.add_column(heading, no_wrap=True, justify="right" if heading in ("runs", "tables") else "left")
    for figure in figures[:room]:
        runs = f"{figure.runs.done} of {figure.runs.of}" if figure.runs.of else "-"
        state = Text("drawn", style="green") if figure.drawn else Text("not yet", style="dim")
        table.add_row(figure.name, runs, f"{figure.tables.done} of {figure.tables.of}", state)
    hidden = len(now.figures) - min(len(figures), room)

    parts: list[RenderableType] = [Text(f"study {now.study} in {now.folder}", style="bold"), total, Text(""), table]
    if hidden:
        parts.append(Text(f"and {hidden} more figures", style="dim"))
    parts += [Text(""), Text(" | ".join(filter(None, (now.pace, disk(now)))))]
    if failed:
        parts.append(Text(f"failed jobs: {len(now.failed)}", style="bold red"))
    for job in failed:
        parts.append(Text(f"  {os.path.normpath(job.log)}", no_wrap=True, overflow="ellipsis"))
        parts.append(Text(f"    {job.line}", style="red", no_wrap=True, overflow="ellipsis"))
    return Group(*parts)


def _bar(count: Count) -> RenderableType:
    from rich.progress_bar import ProgressBar

    return ProgressBar(total=max(1, count.of), completed=count.done if count.of else 1, width=BAR)
