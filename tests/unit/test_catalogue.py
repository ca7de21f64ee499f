"""The catalogue of recordings: its entries, and the readers that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurorules.errors import InputError
from neurorules.recordings.catalogue import catalogue_entry, is_private, known_sources, origin_attributes, source_entry
from neurorules.recordings.readers.base.reader import READERS, load_reader


def test_a_broken_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "recordings.yaml"
    with pytest.raises(InputError, match="missing"):
        catalogue_entry("lab", catalogue=path)
    path.write_text("a: [")
    with pytest.raises(InputError, match="not valid YAML"):
        catalogue_entry("lab", catalogue=path)
    path.write_text("- a\n")
    with pytest.raises(InputError, match="mapping"):
        catalogue_entry("lab", catalogue=path)


def test_what_is_not_in_the_catalogue_is_named_with_what_is() -> None:
    with pytest.raises(
        InputError, match="golub2018, hatsopoulos2007, mante2013, nwb, own_rates, sussillo2015, trials"
    ) as caught:
        catalogue_entry("steinmetz")
    assert caught.value.value == "steinmetz"
    with pytest.raises(InputError, match="dryad, processed") as caught:
        source_entry("hatsopoulos2007", "raw")
    assert (caught.value.key, caught.value.value) == ("source", "raw")


def test_private_or_not() -> None:
    assert is_private("sussillo2015", "private") is True
    for reader, source in [("mante2013", "raw"), ("hatsopoulos2007", "processed"), ("hatsopoulos2007", "dryad")]:
        assert is_private(reader, source) is False
    with pytest.raises(InputError, match="Unknown source"):
        is_private("sussillo2015", "raw")


def test_where_a_recording_comes_from() -> None:
    recorded = origin_attributes("hatsopoulos2007", "dryad", synthetic=False)
    assert recorded["title"] == "Hatsopoulos 2007" and recorded["synthetic"] == 0
    assert recorded["source"].startswith("dryad: https://datadryad.org/")
    assert "doi:10.5061/dryad.xsj3tx9cm" in recorded["citation"] and "CC0 1.0" in recorded["licence"]
    assert origin_attributes("sussillo2015", "private", synthetic=False)["source"] == "private: private mount"
    made = origin_attributes("hatsopoulos2007", "dryad", synthetic=True)
    assert made["title"] == "Hatsopoulos 2007 (synthetic)" and made["synthetic"] == 1
    assert "doi" not in made["citation"]


def test_every_recording_has_a_reader() -> None:
    assert set(known_sources()) == set(READERS.names())


def test_an_unknown_reader_is_named_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"hatsopoulos2007.*mante2013") as caught:
        load_reader("base")
    assert (caught.value.key, caught.value.value) == ("reader", "base")
    assert load_reader("mante2013").__module__ == "neurorules.recordings.readers.mante2013"
