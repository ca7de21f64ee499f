"""The catalogue of recordings, resources/recordings.yaml: sources of raw files, licences, citations.

This module runs while a Snakefile is parsed, so it imports nothing heavy.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from neurorules.errors import InputError

CATALOGUE = Path(__file__).resolve().parents[3] / "resources" / "recordings.yaml"
# Networks that others trained and published, in the same form, with one source each.
NETWORKS = CATALOGUE.with_name("networks.yaml")
PUBLISHED = "published"


def catalogue_entry(reader: str, *, catalogue: Path = CATALOGUE) -> dict[str, Any]:
    """The catalogue's entry for `reader`: title, citation, licence, landing_page, sources.

    Raises:
        InputError: the reader is not in the catalogue, or the catalogue is missing or not valid YAML.
    """
    entries = _read(catalogue)
    if reader not in entries:
        raise InputError(
            "Unknown recording.",
            file=catalogue,
            key="recordings",
            value=reader,
            remedy=f"Use one of: {', '.join(sorted(entries))}.",
        )
    entry: dict[str, Any] = entries[reader]
    return entry


@lru_cache(maxsize=8)
def _parsed(catalogue: Path, changed_ns: int, size: int) -> Any:
    """The parsed file, cached because checking a study reads it dozens of times; callers must not change it."""
    return yaml.safe_load(catalogue.read_text(encoding="utf-8"))


def _read(catalogue: Path) -> dict[str, Any]:
    try:
        entries = _parsed(catalogue, catalogue.stat().st_mtime_ns, catalogue.stat().st_size)
    except FileNotFoundError:
        raise InputError(
            "The catalogue of recordings is missing.", file=catalogue, remedy="Restore it from the repository."
        ) from None
    except yaml.YAMLError as error:
        raise InputError(
            f"The catalogue of recordings is not valid YAML ({error}).", file=catalogue, remedy="Fix the file."
        ) from error
    if not isinstance(entries, dict):
        raise InputError(
            "The catalogue of recordings is not a mapping of names to entries.",
            file=catalogue,
            remedy="Fix the file.",
        )
    return entries


def known_sources(*, catalogue: Path = CATALOGUE) -> dict[str, set[str]]:
    """The names of each reader's sources.

    Raises:
        InputError: the catalogue is missing or not valid YAML.
    """
    return {reader: set(entry["sources"]) for reader, entry in _read(catalogue).items()}


def source_entry(reader: str, source: str, *, catalogue: Path = CATALOGUE) -> dict[str, Any]:
    """The catalogue's entry for one source: its `files`, and `unpacked` if they come in an archive.

    Raises:
        InputError: the reader or the source is not in the catalogue.
    """
    sources = catalogue_entry(reader, catalogue=catalogue)["sources"]
    if source not in sources:
        raise InputError(
            f"Unknown source of the recording {reader}.",
            file=catalogue,
            key="source",
            value=source,
            remedy=f"Use one of: {', '.join(sorted(sources))}.",
        )
    entry: dict[str, Any] = sources[source]
    return entry


def only_source(reader: str, *, catalogue: Path = CATALOGUE) -> str | None:
    """The default source if a study gives none: the user's own files, or the reader's only source.

    Raises:
        InputError: the catalogue is missing or not valid YAML.
    """
    sources = _read(catalogue).get(reader, {}).get("sources", {})
    own = [name for name, entry in sources.items() if "patterns" in entry]
    return own[0] if own else next(iter(sources)) if len(sources) == 1 else None


def is_private(reader: str, source: str, *, catalogue: Path = CATALOGUE) -> bool:
    """Whether the files of a source are unpublished, so they cannot be downloaded."""
    entry = source_entry(reader, source, catalogue=catalogue)
    return "patterns" in entry or any(file.get("private", False) for file in entry["files"])


def is_redistributable(reader: str, source: str, *, catalogue: Path = CATALOGUE) -> bool:
    """Whether the licence of a source allows redistribution of its data; False if the licence is unknown."""
    return bool(source_entry(reader, source, catalogue=catalogue).get("redistributable", False))


def own_file_patterns(reader: str, source: str, *, catalogue: Path = CATALOGUE) -> list[str] | None:
    """Name patterns of the user's own files of a source (*.nwb); None if the catalogue lists the files.

    Raises:
        InputError: the reader or the source is not in the catalogue.
    """
    patterns: list[str] | None = source_entry(reader, source, catalogue=catalogue).get("patterns")
    return patterns


def origin_attributes(reader: str, source: str, *, synthetic: bool, catalogue: Path = CATALOGUE) -> dict[str, Any]:
    """Attributes that say where a recording comes from.

    Args:
        reader: name in the catalogue.
        source: one of its sources.
        synthetic: whether the raw files are synthetic.
        catalogue: the file.

    Returns:
        `title`, `source`, `licence`, `citation` and `synthetic` (0 or 1).

    Raises:
        InputError: the reader or the source is not in the catalogue.
    """
    of_source = source_entry(reader, source, catalogue=catalogue)
    # Sessions of one form come from several publishers: a source's own entry overrides its reader's.
    entry = {**catalogue_entry(reader, catalogue=catalogue), **of_source}
    if synthetic:
        return {
            "title": f"{entry['title']} (synthetic)",
            "source": f"synthetic, in the raw format of {reader} {source}",
            "licence": "as neurorules itself (see LICENSE)",
            "citation": "synthetic: made by neurorules, no recorded neuron in it",
            "synthetic": 1,
        }
    if is_private(reader, source, catalogue=catalogue):
        where = "own files" if "patterns" in of_source else "private mount"
    else:
        where = " ".join(file["url"] for file in of_source["files"])
    return {
        "title": entry["title"],
        "source": f"{source}: {where}",
        "licence": entry["licence"],
        "citation": entry["citation"],
        "synthetic": 0,
    }
