"""A publisher's requirements and facts for a file before its download: a login, the file's size and digest."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurorules.errors import InputError, shorten
from neurorules.recordings.connection import Broken, Refused, ask

LARGEST_METADATA = 1 << 20  # bytes


def login_token(file: Mapping[str, Any], target: str | Path, remedy: str) -> str | None:
    """The token that a file's server requires, from the environment; None if it requires none.

    Args:
        file: the file's entry in the catalogue.
        target: where the file goes, for the error.
        remedy: how to get the file by hand.

    Raises:
        InputError: the variable is not set, or its value cannot be a token. The error does not show the value.
    """
    variable = file.get("token")
    if variable is None:
        return None
    token = os.environ.get(variable, "").strip()
    if re.fullmatch(r"[!-~]+", token):
        return token
    raise InputError(
        f"The file is missing, and its server requires a login: {variable} "
        + ("is not set." if not token else "does not contain a token, which is one line without spaces."),
        file=target,
        key=variable,
        remedy=login_remedy(file, remedy),
    )


def login_remedy(file: Mapping[str, Any], remedy: str) -> str:
    """How to log in for a file, or how to get it by hand."""
    variable, how = file["token"], file["get_token"]
    return f"For a token, {how}. Then export {variable}=<the token> and run the same command again. {remedy}"


def published_facts(file: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A file's size and digest, as its publisher's server states them without a login.

    The request has no token: an expired one would be refused even if none is needed.

    Args:
        file: the file's entry in the catalogue; without `metadata`, nothing is known.

    Returns:
        `bytes`, and `sha256` or (`digest`, `digest_type`, a name in hashlib), if known; and the reason if not, or "".
    """
    if file.get("metadata") is None:
        return {}, ""
    try:
        answer = ask(file["metadata"], 0, None)
        with answer.stream:
            said = json.loads(answer.stream.read(LARGEST_METADATA))
    except (Broken, Refused, OSError, ValueError, RecursionError) as error:
        return {}, shorten(error)
    if not isinstance(said, dict):
        return {}, "the server's answer has another form"
    return _facts(said), ""


def _facts(said: Mapping[str, Any]) -> dict[str, Any]:
    import hashlib

    facts: dict[str, Any] = {}
    size, digest, kind = said.get("size"), said.get("digest"), str(said.get("digestType")).lower().replace("-", "")
    if isinstance(size, int) and size > 0:
        facts["bytes"] = size
    known = kind in hashlib.algorithms_guaranteed and not kind.startswith("shake")
    if (
        known
        and isinstance(digest, str)
        and re.fullmatch(rf"[0-9a-fA-F]{{{2 * hashlib.new(kind).digest_size}}}", digest)
    ):
        digest = digest.lower()
        facts |= {"sha256": digest} if kind == "sha256" else {"digest": digest, "digest_type": kind}
    return facts
