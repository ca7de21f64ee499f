"""The workflow used from another folder: as a module of another workflow, and by `snakemake -s`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from helpers.checkout import STUDY_FILE, Checkout, Outcome
from helpers.forked import snakemake

PROPOSITION = "study: other\nuse_figures: [proposition]\n"  # the one figure that trains nothing and reads no recording


class Other:
    """A folder with its own workflow, which uses that of a checkout."""

    def __init__(self, folder: Path, checkout: Checkout) -> None:
        self.folder, self.checkout = folder, checkout
        folder.mkdir()

    def write(self, config: str, use: str, *, rest: str = "", arguments: str = "") -> None:
        """A study file, and a Snakefile with the module, the rules used from it, and its own rules."""
        snakefile = self.checkout.folder / "workflow" / "Snakefile"
        (self.folder / "study.yaml").write_text(config)
        (self.folder / "Snakefile").write_text(
            'configfile: "study.yaml"\n\n'
            f'module neurorules:\n    snakefile: "{snakefile}"\n    config: config\n{arguments}\n'
            f"{use}\n{rest}"
        )

    def run(self, *arguments: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=self.checkout.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        return Outcome(done.returncode, done.stdout)

    def dry_run(self, *arguments: str) -> Outcome:
        words = (*arguments, "--cores", "1", "--dry-run", "--quiet", "rules", "host")
        done = snakemake(words, self.folder, self.checkout.environment())
        return Outcome(done.code, done.output + done.error)

    def plan(self, *arguments: str) -> dict[str, int]:
        """Jobs by rule."""
        outcome = self.dry_run(*arguments)
        assert outcome.code == 0, outcome.text
        stats = re.search(r"^Job stats:\njob +count\n-+ +-+\n((?:\w+ +\d+\n)+)", outcome.text, re.MULTILINE)
        assert stats, outcome.text
        jobs = {rule: int(count) for rule, count in map(str.split, stats[1].splitlines())}
        assert jobs.pop("total") == sum(jobs.values())
        return jobs


@pytest.fixture
def other(fresh: Checkout, tmp_path: Path) -> Other:
    return Other(tmp_path / "other", fresh)


def test_a_workflow_takes_a_table_from_the_module(other: Other) -> None:
    """From the recording to the table, with its own config, into its own folder."""
    mine = (
        "\nrule mine:\n    default_target: True\n"
        '    input: "results/tiny/tables/table3.csv"\n    output: "mine.csv"\n    shell: "cp {input} {output}"\n'
    )
    config = yaml.safe_load((other.checkout.folder / STUDY_FILE).read_text())
    config["use_figures"] = ["table3"]
    config["figures"]["table3"].update(learning_rules=["eprop"], seeds=[0])
    other.write(yaml.safe_dump(config), "use rule * from neurorules as nr_*\n", rest=mine)
    outcome = other.run("--cores", "2")
    assert outcome.code == 0, outcome.text
    made = re.findall(r"^Finished jobid: \d+ \(Rule: (\w+)\)", outcome.text, re.MULTILINE)
    steps = {"nr_synthetic_raw_files", "nr_recording", "nr_train_seed0", "nr_score", "nr_table3", "mine"}
    assert set(made) == steps
    _, *rows = (other.folder / "mine.csv").read_text().splitlines()
    assert sum(",eprop," in row for row in rows) == 1 and not any(",bptt," in row for row in rows)
    runs = other.folder.glob("results/tiny/runs/*/*/*/*.nc")
    assert {str(run.relative_to(other.folder / "results/tiny/runs")) for run in runs} == {
        "hatsopoulos2007/eprop/base/seed0.nc"
    }
    assert not (other.checkout.folder / "results").exists()


def test_without_a_rule_of_its_own_it_makes_the_whole_study(other: Other) -> None:
    """The config may be just a study file; the values of the full study come from the checkout."""
    other.write(PROPOSITION, "use rule * from neurorules\n")
    assert other.plan() == {"proposition": 1, "all": 1}
    other.write(PROPOSITION, "use rule * from neurorules as nr_*\n")
    assert other.plan() == {"nr_proposition": 1, "nr_all": 1}


def test_a_download_knows_its_source_under_another_name(other: Other, tmp_path: Path) -> None:
    (tmp_path / "published.npy").write_bytes(b"rates")
    catalogue = other.checkout.folder / "resources/recordings.yaml"
    about = yaml.safe_load(catalogue.read_text())
    (file,) = about["hatsopoulos2007"]["sources"]["processed"]["files"]
    file.update(url=(tmp_path / "published.npy").as_uri(), bytes=None, sha256=None)
    catalogue.write_text(yaml.safe_dump(about))
    other.write(
        "study: other\nuse_recordings: [hatsopoulos2007]\nuse_figures: [fig5]\n", "use rule * from neurorules as my_*\n"
    )
    outcome = other.run("my_download_hatsopoulos2007_processed", "--cores", "1")
    assert outcome.code == 0, outcome.text
    assert (other.folder / "resources/raw" / file["path"]).read_bytes() == b"rates"


def test_its_results_may_have_a_folder_of_their_own(other: Other) -> None:
    other.write(PROPOSITION, "use rule * from neurorules\n", arguments='    prefix: "sub"\n')
    outcome = other.run("proposition", "--cores", "1")
    assert outcome.code == 0, outcome.text
    assert (other.folder / "sub/results/other/figures/proposition.pdf").stat().st_size > 0
    assert not (other.folder / "results/other/figures").exists()


def test_targets_of_the_other_workflow_are_its_own_business(other: Other) -> None:
    """`fig1` is not a figure of this study, and `propositions` is nearly one: Snakemake alone would accept both."""
    rules = "".join(f'\nrule {name}:\n    output: "{name}.txt"\n' for name in ("fig1", "propositions"))
    other.write(PROPOSITION, "use rule * from neurorules as nr_*\n", rest=rules)
    assert other.plan("fig1", "propositions") == {"fig1": 1, "propositions": 1}


def test_a_wrong_config_is_refused_with_its_file(other: Other) -> None:
    other.write(PROPOSITION + "use_recordins: []\n", "use rule * from neurorules\n")
    other.dry_run().refuses("use_recordins", "study.yaml", "Did you mean use_recordings?")


def test_a_copy_without_the_package_says_what_to_do(other: Other) -> None:
    """As if only the rules had been fetched from a code host."""
    shutil.rmtree(other.checkout.folder / "workflow" / "neurorules")
    other.write(PROPOSITION, "use rule * from neurorules\n")
    other.dry_run().refuses("Clone the repository", "workflow/Snakefile")


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_it_can_be_started_from_another_folder(other: Other, snakefile: str) -> None:
    (other.folder / "own.yaml").write_text(PROPOSITION)
    start = ("--snakefile", str(other.checkout.folder / snakefile), "--configfile", "own.yaml")
    assert other.plan(*start) == {"proposition": 1, "all": 1}


def test_figure_and_report_from_another_folder(other: Other) -> None:
    (other.folder / "own.yaml").write_text(PROPOSITION)
    start = ("--snakefile", str(other.checkout.folder / "Snakefile"), "--configfile", "own.yaml")
    outcome = other.run(*start, "--cores", "1")
    assert outcome.code == 0, outcome.text
    assert (other.folder / "results/other/figures/proposition.pdf").stat().st_size > 0
    outcome = other.run(*start, "--report", "report.html")
    assert outcome.code == 0, outcome.text
    caption = (other.checkout.folder / "workflow/report/proposition.rst").read_text()
    longest = max(re.findall(r"[\w ]+", caption.replace("\n", " ")), key=len).strip()
    assert longest in (other.folder / "report.html").read_text().replace("\\n", " ")
