"""`neurorules inspect` for raw files: show what they contain, and the recording that they would give."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neurorules.cli.base import did_you_mean, open_study
from neurorules.errors import InputError
from neurorules.io.confined import confined
from neurorules.recordings.looks.raw import ENDINGS, Look, look, reader_of
from neurorules.recordings.normalised import BASELINE

MOST_LEFT_OUT = 12


def is_raw(file: Path) -> bool:
    """Whether a file comes from a lab and is not a result of a study. Our own tables record the code that made them."""
    if file.suffix.lower() not in ENDINGS:
        return False
    if file.suffix.lower() != ".csv" or not file.is_file():
        return file.suffix.lower() != ".csv"
    with open(file, "rb") as table:
        heading = table.readline(1 << 16).decode("utf-8", "replace").strip().split(",")
    return not {"training_code", "scoring_code", "recording", "recording_title"} & set(heading)


def report(
    files: Sequence[Path], options_file: Path | None, study: str | None, recording: str | None, picture: Path | None
) -> str:
    """The contents of raw files that belong together, and the recording that they would give.

    Args:
        files: raw files.
        options_file: YAML file with a recording's options.
        study, recording: a study and one of its recordings, whose options to use instead.
        picture: the picture to write; None means the name of the first file, in the working folder.

    Raises:
        InputError: a file cannot be read, or does not match the options.
    """
    for file in files:
        if not file.is_file():
            raise InputError("File not found.", file=file, remedy="Correct its path.")
    options = _options(options_file, study, recording)
    found: Look = confined(lambda: look(files, options), files)
    parts = [_yaml({str(file): facts for file, facts in found.facts.items()})]
    if found.sessions:
        parts.append(_yaml({f"session {name}": facts for name, facts in found.sessions.items()}))
    if found.recording is not None:
        parts.append(_recording_in_words(found))
        if picture is not None or options is not None:
            from neurorules.plotting.recording_picture import draw_recording

            target = picture or Path(f"{files[0].stem}.recording.png")
            if target.suffix.lower() != ".png":
                raise InputError(
                    "The picture must be a PNG file.", key="--picture", value=str(target), remedy="Use NAME.png."
                )
            caption = draw_recording(found.recording, ", ".join(found.sessions), target)
            parts.append(f"Picture: {target}\n{caption}")
    if found.problem is not None:
        parts.append(f"The options below are a guess, and they do not work yet:\n{found.problem}")
    if options is None:
        parts.append(_start(files, found))
    return "\n".join(parts).rstrip("\n")


def _options(file: Path | None, study: str | None, recording: str | None) -> dict[str, Any] | None:
    if file is not None:
        return _of_file(file)
    if study is None and recording is None:
        return None
    if study is None or recording is None:
        raise InputError(
            "--study and --recording must be used together.",
            key="--study" if study is None else "--recording",
            value=None,
            remedy="Write --study STUDY --recording NAME.",
        )
    entries = open_study(study).config["recordings"]
    if recording not in entries:
        raise InputError(
            "Unknown recording in this study.",
            key="--recording",
            value=recording,
            remedy=did_you_mean(recording, entries),
        )
    return dict(entries[recording].get("options") or {})


def _of_file(file: Path) -> dict[str, Any]:
    """The options in a YAML file: at the top level, or of the only recording in it. Their types are checked."""
    import yaml

    from neurorules.study.schema.check import check_recording_options

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise InputError(
            f"Cannot read the options ({' '.join(str(error).split())}).", file=file, remedy="Correct the file."
        ) from error
    if isinstance(content, Mapping) and isinstance(content.get("recordings"), Mapping):
        content = content["recordings"]
        if len(content) != 1:
            raise InputError(
                "The file has more than one recording.",
                file=file,
                key="recordings",
                value=list(content),
                remedy="Keep one, or use --study and --recording.",
            )
        (content,) = content.values()
    options = content.get("options", content) if isinstance(content, Mapping) else content
    if not isinstance(options, Mapping):
        raise InputError(
            "The file has no recording options.", file=file, value=options, remedy="Write option names and values."
        )
    check_recording_options(options, file)
    return dict(options)


def _recording_in_words(found: Look) -> str:
    import numpy as np

    recording = found.recording
    assert recording is not None
    sizes, rates = recording.sizes, recording["rates"]
    values = rates + recording[BASELINE] if BASELINE in recording else rates
    about = recording.attrs
    labels = {
        str(name): [value.item() if hasattr(value, "item") else value for value in of.values]
        for name, of in recording.coords.items()
        if of.dims == ("condition",) and name != "condition"
    }
    words: dict[str, Any] = {
        "conditions": sizes["condition"],
        "labels": {name: ", ".join(map(str, dict.fromkeys(values))) for name, values in labels.items()},
        "neurons": sizes["neuron"],
        "bins": f"{sizes['time']} of {about['bin_width_ms']:g} ms, from {float(recording['time'][0]):g} ms relative to "
        f"{about['aligned_to']}",
        "trials": json.loads(about["kept_trials"]),
        "rates": f"{float(values.mean()):.4g} {rates.attrs.get('units', 'spikes/s')} on average, "
        f"{float(values.min()):.4g} to {float(values.max()):.4g}",
    }
    if "trial_condition" in recording:
        neuron, condition = recording["trial_neuron"].values, recording["trial_condition"].values
        counts = np.zeros((sizes["neuron"], sizes["condition"]), np.int64)
        np.add.at(counts, (neuron, condition), 1)
        words["trials per neuron and condition"] = f"{counts.min()} to {counts.max()}, median {np.median(counts):g}"
    signals = [str(name) for name, of in recording.data_vars.items() if of.dims == ("condition", "time")]
    if signals:
        words["behaviour"] = ", ".join(signals)
    for key in ("left_out", "trials_left_out", "conditions_left_out", "behaviour_left_out"):
        entries = json.loads(about[key])
        if entries:
            words[key.replace("_", " ")] = _left_out(entries)
    return _yaml({"recording": words})


def _left_out(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The reasons, each with its count and the first few items left out."""
    by_reason: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        by_reason.setdefault(str(entry["reason"]), []).append(entry)
    lines = []
    for reason, of in list(by_reason.items())[:MOST_LEFT_OUT]:
        what = ", ".join(
            str(e.get("neuron") or e.get("condition") or e.get("behaviour") or e.get("session")) for e in of[:3]
        )
        trials = sum(len(e["trials"]) if isinstance(e.get("trials"), list) else int(e.get("trials", 0)) for e in of)
        number = f"{trials} trials" if trials else f"{len(of)}"
        lines.append(f"{number}: {what}{' ...' if len(of) > 3 else ''}: {reason}")
    if len(by_reason) > MOST_LEFT_OUT:
        lines.append(f"and {len(by_reason) - MOST_LEFT_OUT} more reasons")
    return lines


def _start(files: Sequence[Path], found: Look) -> str:
    """A block of YAML to start from."""
    import re

    name = re.sub(r"[^A-Za-z0-9._-]+", "-", files[0].stem).strip("-._") or "our-session"
    paths = [str(file.resolve()) for file in files]
    if not found.options:
        return (
            "Nothing here looks like trials of units, so no options are suggested. docs/your-recording.md explains how "
            "to set them: counts, rates, z_scores, soft_normalised or spike_times, and axes; or spikes_file and "
            "trials_file, which you inspect together."
        )
    entry = {
        "reader": reader_of(files),
        "path": paths[0] if len(paths) == 1 else paths,
        "options": {key: _plain(value) for key, value in found.options.items()},
    }
    above_all = [key for key in ("file_bin_ms", "condition", "align", "axes") if key in found.options]
    guesses = ", ".join(above_all).replace("file_bin_ms", "file_bin_ms (not stored in the files)")
    return f"# A starting point for your study file. Check each line, above all {guesses}.\n" + _yaml(
        {"recordings": {name: entry}}, flow=None
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _yaml(content: Mapping[str, Any], flow: bool | None = False) -> str:
    import yaml

    text: str = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=110, default_flow_style=flow)
    return text
