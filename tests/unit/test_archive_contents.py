"""What of a study may be passed on."""

from __future__ import annotations

import json
from pathlib import Path

from helpers.studies import loaded, study

from neurorules.archive import contents
from neurorules.archive.crate import crate_metadata, listed_files
from neurorules.archive.write import config_json
from neurorules.provenance.commit import commit
from neurorules.study.identity import Identities
from neurorules.study.load import Study
from neurorules.study.yaml_source import REPOSITORY


def with_recordings() -> Study:
    """Recordings with five kinds of licence: none stated, CC0, BSD 3-Clause, private, synthetic."""
    recordings = {
        "hatsopoulos2007": {"source": "dryad"},
        "sussillo2015": {"path": "/home/me/private"},
        "mante2013-dt15": {"synthetic": True},
    }
    return study({"raw_dir": "/home/me/raw", "recordings": recordings})


def test_only_what_a_licence_allows_is_passed_on() -> None:
    of = with_recordings()
    shared = {name for name in of.selection.used_recordings if contents.may_share_recording(of, name)}
    assert shared == {"hatsopoulos2007", "golub2018", "mante2013-dt15"}
    archived = contents.results(of)
    assert of.paths.recording_file("hatsopoulos2007") in archived
    assert of.paths.recording_file("sussillo2015") not in archived
    assert set(contents.left_out(of)) == {"mante2013", "sussillo2015"}


def test_published_networks_of_no_licence_stay_with_their_publishers() -> None:
    of = loaded(REPOSITORY / "config" / "authors-networks.yaml")
    absent = {name for name, why in contents.left_out(of).items() if "published networks" in why}
    assert absent == {model.learning_rule for model in of.selection.seeds if of.options.is_imported(model)} != set()
    archived = contents.results(of)
    for model, seeds in of.selection.seeds.items():
        for seed in seeds:
            shared = not of.options.is_imported(model)
            assert (of.paths.run_file(model, seed) in archived) == shared


def test_every_result_is_archived_and_none_without_runs() -> None:
    of = loaded(REPOSITORY / "config" / "demo.yaml")
    everything, small = contents.results(of), contents.results(of, with_runs=False)
    runs = {of.paths.run_file(model, seed) for model, seeds in of.selection.seeds.items() for seed in seeds}
    assert runs == {file for file, what in everything.items() if what == contents.RUN}
    assert small.keys() == everything.keys() - runs - {
        file for file, what in everything.items() if what == contents.LEARNING_RATE
    }
    tables = {file for name in of.selection.figures for file in of.paths.figure_tables(name)}
    assert tables <= small.keys()


def test_the_shared_config_names_no_folder_and_selects_the_same() -> None:
    of = with_recordings()
    config = contents.shared_config(of)
    assert "/home/me" not in str(config) and "/home/me" in str(of.config)
    again = Study(config)
    assert again.selection.used_recordings == of.selection.used_recordings
    assert again.selection.seeds == of.selection.seeds
    model = next(iter(of.selection.seeds))
    assert again.options.training(model) == of.options.training(model)


def test_networks_keep_their_order_and_so_their_colours_in_the_archived_config() -> None:
    entry = {
        "task": "hatsopoulos2007",
        "path": "/home/me/nets",
        "updates": [1],
        "form": "activity",
        "network": {"units": 5},
        "order": ["condition", "time", "unit"],
        "labels": {"angle_deg": [0, 45, 90, 135, 180, 225, 270, 315]},
    }
    names = ["zebra", "ape"]
    of = study(
        {
            "networks": {name: {**entry, "files": [f"{name}.npy"]} for name in names},
            "use_recordings": ["hatsopoulos2007"],
            "use_figures": ["fig5"],
            "figures": {"fig5": {"tasks": ["hatsopoulos2007"], "learning_rules": names, "settings": ["base"]}},
        }
    )
    again = Study(json.loads(config_json(of)))
    made = [Identities(one, lambda *_: "code").figure("fig5") for one in (of, again)]
    assert made[0] == made[1]


def test_names_of_files_survive_the_metadata() -> None:
    """Identifiers are URIs, so that a space or a percent sign is written as its code."""
    files = {name: ("figure", 1, "0" * 64) for name in ("a b.csv", "50%.csv", "ü.png", "plain.txt")}
    metadata = crate_metadata(files, {"name": "n"}, {"version": "1"}, [], [])
    assert b'"a%20b.csv"' in metadata and b'"50%25.csv"' in metadata
    assert listed_files(metadata) == dict.fromkeys(files, "0" * 64)


def test_the_commit_of_a_checkout(tmp_path: Path) -> None:
    import subprocess

    def git(*words: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        return subprocess.run(
            ["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True, encoding="utf-8"
        ).stdout

    assert commit(tmp_path) is None
    git("init", "-q")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-qm", "first")
    head = git("rev-parse", "HEAD").strip()
    assert commit(tmp_path) == {"hash": head, "changed": False}
    (tmp_path / "file").write_text("2")
    assert commit(tmp_path) == {"hash": head, "changed": True}
