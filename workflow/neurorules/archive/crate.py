"""An archive's metadata as RO-Crate 1.1, a format that data repositories read.

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
# Terms that are missing from the 1.1 context.
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
        files: description, size in bytes and SHA-256 (None if not known yet) of each file, by path.
        about: `name`, `description` and `datePublished` (ISO 8601) of the archive.
        software: `version` of neurorules, and `commit` if known.
        recordings: the study's recordings, see `contents.recording_entries`.
        papers: title and URL of each paper that the study is about.
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
    # The list of checksums includes this metadata file, so its own size and checksum cannot be given here.
    return entity if path == CHECKSUMS else {**entity, "contentSize": str(size), "sha256": sha256}


def _recording(entry: Mapping[str, Any]) -> Entity:
    archived = "archived" if entry["archived"] else "not archived: private, or its licence does not allow it"
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
    """The identifier in the metadata for a licence given as text."""
    return f"#licence-{short_hash(text)}"


def listed_files(metadata: bytes) -> dict[str, str | None]:
    """The files listed in an archive's metadata, by path, with their SHA-256 if given.

    Raises:
        ValueError: the metadata is not JSON or not an RO-Crate, or lists a file that it does not describe.
    """
    document = json.loads(metadata)
    try:
        entities = {entity["@id"]: entity for entity in document["@graph"]}
        if entities[CRATE]["conformsTo"]["@id"] != VERSION or entities[CRATE]["about"]["@id"] != ROOT:
            raise ValueError("it does not conform to RO-Crate 1.1")
        parts = [part["@id"] for part in entities[ROOT]["hasPart"]]
        described = {name for name, entity in entities.items() if entity["@type"] == "File"}
        if set(parts) != described or len(parts) != len(described):
            raise ValueError("its list of parts does not match the files that it describes")
        return {unquote(name): entities[name].get("sha256") for name in parts}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{error} is missing") from error
