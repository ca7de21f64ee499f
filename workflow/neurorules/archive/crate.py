"""The metadata of an archive in the form of RO-Crate 1.1, which repositories of data read.

Source: RO-Crate Metadata Specification 1.1, https://w3id.org/ro/crate/1.1
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from neurorules.archive.contents import CHECKSUMS, CRATE
from neurorules.io.identity import short_hash

VERSION = "https://w3id.org/ro/crate/1.1"
# What the context of 1.1 lacks.
MORE_TERMS = {"sha256": "http://schema.org/sha256"}
ROOT, SOFTWARE = "./", "#neurorules"
LICENCE = "https://spdx.org/licenses/MIT"

FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".nc": "application/x-netcdf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".yaml": "application/yaml",
    ".cff": "application/yaml",
}
PLAIN = "text/plain"

Entity = dict[str, Any]


def crate_metadata(
    files: Mapping[str, tuple[str, int, str | None]],
    about: Mapping[str, str],
    software: Mapping[str, Any],
    recordings: Iterable[Mapping[str, Any]],
    papers: Iterable[tuple[str, str]],
) -> bytes:
    """The content of ro-crate-metadata.json.

    Args:
        files: by path, what each is, its size in bytes and its SHA-256 (None where it is not known yet).
        about: `name`, `description` and `datePublished` (ISO 8601) of the archive.
        software: `version` of neurorules, and `commit` where it is known.
        recordings: what the study compares with, see `contents.recording_entries`.
        papers: title and address of each paper that the study is about.
    """
    recordings = list(recordings)
    sources = [_recording(entry) for entry in recordings]
    licences = {str(entry["licence"]): None for entry in recordings if entry.get("licence")}
    articles = [{"@id": address, "@type": "ScholarlyArticle", "name": title} for title, address in papers]
    root: Entity = {
        "@id": ROOT,
        "@type": "Dataset",
        **about,
        "license": {"@id": LICENCE},
        "hasPart": [_reference(path) for path in sorted(files)],
        "citation": [{"@id": article["@id"]} for article in articles],
        "mentions": [{"@id": "#run"}, *({"@id": source["@id"]} for source in sources)],
    }
    graph: list[Entity] = [
        {
            "@id": CRATE,
            "@type": "CreativeWork",
            "about": {"@id": ROOT},
            "conformsTo": {"@id": VERSION},
        },
        root,
        {"@id": LICENCE, "@type": "CreativeWork", "name": "MIT License", "identifier": "MIT"},
        {
            "@id": SOFTWARE,
            "@type": "SoftwareApplication",
            "name": "neurorules",
            "version": software["version"],
            **({"softwareVersion": software["commit"]} if software.get("commit") else {}),
        },
        {
            "@id": "#run",
            "@type": "CreateAction",
            "name": "the study, run from its recordings to its figures",
            "instrument": {"@id": SOFTWARE},
            "object": [{"@id": source["@id"]} for source in sources],
            "result": [_reference(path) for path in sorted(files) if path.startswith("results/")],
        },
        *articles,
        *sources,
        *({"@id": _licence(text), "@type": "CreativeWork", "name": text} for text in licences),
        *(_file(path, *files[path]) for path in sorted(files)),
    ]
    document = {"@context": [f"{VERSION}/context", MORE_TERMS], "@graph": graph}
    return (json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _reference(path: str) -> Entity:
    return {"@id": quote(path)}


def _file(path: str, what: str, size: int, sha256: str | None) -> Entity:
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    entity = {
        **_reference(path),
        "@type": "File",
        "name": name,
        "description": what,
        "encodingFormat": FORMATS.get(name[dot:] if dot > 0 else "", PLAIN),
    }
    # Of the list of checksums, which has that of this file, neither can be said here.
    return entity if path == CHECKSUMS else {**entity, "contentSize": str(size), "sha256": sha256}


def _recording(entry: Mapping[str, Any]) -> Entity:
    archived = "archived" if entry["archived"] else "not archived: not public, or without a licence that allows it"
    return {
        "@id": f"#recording-{quote(entry['name'])}",
        "@type": "Dataset",
        "name": str(entry.get("title", entry["name"])),
        "description": f"recording {entry['name']} ({archived})",
        "citation": str(entry.get("citation", "")),
        "identifier": f"sha256:{entry['sha256']}",
        **({"license": {"@id": _licence(str(entry["licence"]))}} if entry.get("licence") else {}),
    }


def _licence(text: str) -> str:
    """The name, in the metadata, of a licence that is given in words."""
    return f"#licence-{short_hash(text)}"


def listed_files(metadata: bytes) -> dict[str, str | None]:
    """The files that an archive's metadata lists below its root, by path, with their SHA-256 where it says that.

    Raises:
        ValueError: it is not JSON, not of this form, or lists a file that it does not describe.
    """
    document = json.loads(metadata)
    try:
        entities = {entity["@id"]: entity for entity in document["@graph"]}
        if entities[CRATE]["conformsTo"]["@id"] != VERSION or entities[CRATE]["about"]["@id"] != ROOT:
            raise ValueError("it does not conform to RO-Crate 1.1")
        parts = [part["@id"] for part in entities[ROOT]["hasPart"]]
        described = {name for name, entity in entities.items() if entity["@type"] == "File"}
        if set(parts) != described or len(parts) != len(described):
            raise ValueError("its parts are not the files that it describes")
        return {unquote(name): entities[name].get("sha256") for name in parts}
    except (KeyError, TypeError) as error:
        raise ValueError(f"it lacks {error}") from error
