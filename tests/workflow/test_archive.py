"""The archive of a finished study: the same bytes again, and whatever happens to it is found."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.checkout import REPOSITORY, STUDY_FILE, Checkout

from neurorules.archive.pack import pack
from neurorules.archive.verify import verify_archive
from neurorules.cli.main import main
from neurorules.errors import InputError
from neurorules.io.identity import sha256_of
from neurorules.runs.run import open_run, write_run

STUDY = str(REPOSITORY / STUDY_FILE)
RUN = "results/tiny/runs/hatsopoulos2007/eprop/base/seed1.nc"


@pytest.fixture(scope="module")
def archive(finished: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the finished study; tests do not change it."""
    file = tmp_path_factory.mktemp("archive") / "tiny.zip"
    assert main(["archive", STUDY, "--directory", str(finished.folder), "--output", str(file)]) == 0
    return file


@pytest.fixture
def unpacked(archive: Path, tmp_path: Path) -> Path:
    """What is in it, to change."""
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder


def packed_again(folder: Path, file: Path) -> Path:
    """An archive of a folder, whatever is in it."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    pack(file, ".zip", files, {name: sha256_of(path) for name, path in files.items()})
    return file


def fault_of(archive: Path, folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        verify_archive(archive, folder)
    assert caught.value.file == str(archive)
    return str(caught.value)


def test_it_is_whole_and_says_so(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["archive", "--check", str(archive)]) == 0
    said = capsys.readouterr().out
    assert "intact and complete: study tiny" in said and "4 run files" in said


def test_sha256sum_accepts_it(unpacked: Path) -> None:
    done = subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=unpacked, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_its_metadata_is_a_crate_of_all_files(unpacked: Path) -> None:
    """What RO-Crate 1.1 demands of the descriptor and the root, and a File for each file."""
    graph = json.loads((unpacked / "ro-crate-metadata.json").read_text())["@graph"]
    by_id = {entity["@id"]: entity for entity in graph}
    assert len(by_id) == len(graph)
    assert by_id["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert {"name", "description", "datePublished", "license"} <= by_id["./"].keys()
    on_disk = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert {part["@id"] for part in by_id["./"]["hasPart"]} == on_disk - {"ro-crate-metadata.json"}
    for name in on_disk - {"ro-crate-metadata.json", "SHA256SUMS"}:
        assert by_id[name]["@type"] == "File"
        assert int(by_id[name]["contentSize"]) == (unpacked / name).stat().st_size
    # every reference leads somewhere
    for entity in graph:
        for value in entity.values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict) and not one["@id"].startswith("https://w3id.org/"):
                    assert one["@id"] in by_id


def test_no_folder_of_this_machine_is_in_it(unpacked: Path, finished: Checkout) -> None:
    for path in unpacked.rglob("*"):
        if path.is_file():
            assert str(finished.folder).encode() not in path.read_bytes(), path


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_the_same_results_give_the_same_bytes(ending: str, finished: Checkout, tmp_path: Path) -> None:
    """Of a copy with other times and modes of files too."""
    copy = tmp_path / "copy"
    shutil.copytree(finished.results, copy / "results" / "tiny", copy_function=shutil.copyfile)
    (copy / RUN).chmod(0o600)
    made = []
    for folder in (finished.folder, copy):
        made.append(tmp_path / f"{len(made)}{ending}")
        assert main(["archive", STUDY, "--directory", str(folder), "--output", str(made[-1])]) == 0
    assert made[0].read_bytes() == made[1].read_bytes()
    assert main(["archive", "--check", str(made[0])]) == 0


def test_without_runs(finished: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.tar.gz"
    words = ["archive", STUDY, "--directory", str(finished.folder), "--output", str(file), "--without-runs"]
    assert main(words) == 0
    assert "left out: runs" in capsys.readouterr().out
    with tarfile.open(file) as packed:
        names = packed.getnames()
    assert names == sorted(names) and not any("/runs/" in name for name in names)
    assert main(["archive", "--check", str(file)]) == 0


# ---- what happens to archives


def test_a_damaged_byte(archive: Path, tmp_path: Path) -> None:
    """In the middle of the largest file; and in the archive's own table at its end."""
    with zipfile.ZipFile(archive) as packed:
        largest = max(packed.infolist(), key=lambda entry: entry.compress_size)
    content = archive.read_bytes()
    for number, at in enumerate((largest.header_offset + 200 + largest.compress_size // 2, len(content) - 30)):
        damaged = tmp_path / f"{number}.zip"
        damaged.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        assert "damaged" in fault_of(damaged, tmp_path / f"into-{number}")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def flip(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize("name", [RUN, "results/tiny/figures/fig1.csv", "study.json", "ro-crate-metadata.json"])
@pytest.mark.parametrize("change", [cut, flip, Path.unlink])
def test_a_file_that_changed_or_is_gone(
    name: str, change: Callable[[Path], None], unpacked: Path, tmp_path: Path
) -> None:
    change(unpacked / name)
    assert name in fault_of(packed_again(unpacked, tmp_path / "again.zip"), tmp_path / "into")


def test_a_file_too_many(unpacked: Path, tmp_path: Path) -> None:
    (unpacked / "results" / "tiny" / "figures" / "fig99.pdf").write_text("%PDF")
    fault = fault_of(packed_again(unpacked, tmp_path / "again.zip"), tmp_path / "into")
    assert "fig99.pdf is not in SHA256SUMS" in fault and "fig99.pdf is not in ro-crate-metadata.json" in fault


def with_new_checksums(unpacked: Path) -> None:
    """Checksums and metadata of the current files, as if someone changed results and covered it up."""
    crate = unpacked / "ro-crate-metadata.json"
    document = json.loads(crate.read_text())
    there = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()} - {crate.name}
    graph = [entity for entity in document["@graph"] if entity["@type"] != "File" or entity["@id"] in there]
    for entity in graph:
        if "sha256" in entity:
            entity["sha256"] = sha256_of(unpacked / entity["@id"])
        if entity["@id"] == "./":
            entity["hasPart"] = [{"@id": name} for name in sorted(there)]
    crate.write_text(json.dumps({**document, "@graph": graph}))
    names = sorted((there | {crate.name}) - {"SHA256SUMS"})
    (unpacked / "SHA256SUMS").write_text("".join(f"{sha256_of(unpacked / name)}  {name}\n" for name in names))


def other_seed(unpacked: Path) -> None:
    shutil.copyfile(unpacked / RUN.replace("seed1", "seed0"), unpacked / RUN)


def other_options(unpacked: Path) -> None:
    run = open_run(unpacked / RUN)
    model = json.loads(run.attrs["model"])
    model["training"]["updates"] = 21
    attributes = {**run.attrs, "model": json.dumps(model)}

    class Origin:
        def attributes(self) -> dict[str, object]:
            return attributes

    write_run(unpacked / RUN, run, Origin())  # type: ignore[arg-type]


def no_run(unpacked: Path) -> None:
    cut(unpacked / RUN)


def no_table(unpacked: Path) -> None:
    next((unpacked / "results" / "tiny" / "similarity").rglob("distances.csv")).unlink()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (other_seed, "seed (it was 0, it is 1)"),
        (other_options, "model.training.updates (it was 21, it is 20)"),
        (no_run, "cannot be read as a run"),
        (no_table, "the study includes this tidy table"),
    ],
)
def test_results_that_are_not_the_study_s(
    change: Callable[[Path], None], words: str, unpacked: Path, tmp_path: Path
) -> None:
    """Found even if checksums and metadata are right."""
    change(unpacked)
    with_new_checksums(unpacked)
    assert words in fault_of(packed_again(unpacked, tmp_path / "again.zip"), tmp_path / "into")


def test_names_that_lead_out_are_refused(tmp_path: Path) -> None:
    for number, name in enumerate(("../out", "/tmp/out", "a/../../out", "a//b")):
        file = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr(name, "x")
        assert "unsafe path" in fault_of(file, tmp_path / "into" / str(number))
    assert not (tmp_path / "into").exists() and not (tmp_path / "out").exists()


# ---- when none is written


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["archive", *words]) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_a_study_that_is_not_finished(checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout.results / "figures" / "fig5.png").unlink()
    output = tmp_path / "none.zip"
    said = refused(capsys, STUDY, "--directory", str(checkout.folder), "--output", str(output))
    assert "is not finished. Missing files (1): " in said and "fig5.png" in said and f"make run STUDY={STUDY}" in said
    assert not output.exists()


def test_results_of_other_options(checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkout.configure("defaults", "training", "updates", to=21)
    study = str(checkout.folder / STUDY_FILE)
    said = refused(capsys, study, "--directory", str(checkout.folder), "--output", str(tmp_path / "none.zip"))
    assert "model.training.updates (it was 20, it is 21)" in said


def test_an_archive_is_not_written_over(archive: Path, finished: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    before = archive.read_bytes()
    assert "already exists" in refused(capsys, STUDY, "--directory", str(finished.folder), "--output", str(archive))
    assert archive.read_bytes() == before


def test_words_that_make_no_sense(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No study given" in refused(capsys)
    assert ".tar.gz" in refused(capsys, STUDY, "--output", str(tmp_path / "tiny.rar"))
    assert "Archive not found" in refused(capsys, "--check", str(tmp_path / "absent.zip"))
    (tmp_path / "text.tar.gz").write_text("no archive")
    assert "damaged or not an archive" in refused(capsys, "--check", str(tmp_path / "text.tar.gz"))
