"""The cards: complete, true to the files where they are at hand, and read only when asked for."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from molgen.data.columns import find_smiles_column
from molgen.data.labels import parse_labels
from molgen.data.tables import open_table
from molgen.datasets import get, list_cards, load_card
from molgen.errors import ConfigError

CARDS = {card.name: card for card in list_cards()}


def test_cards_of_the_families_are_there():
    assert {"esol", "tox21", "hiv", "moleculeace", "aqsoldb", "b3db", "biogen_adme", "herg", "dud", "moses"} <= set(CARDS)
    assert sum(name.startswith("tdc-") for name in CARDS) == 22
    assert {"davis", "kiba", "gdsc", "promoters"} <= set(CARDS)


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.name)
def test_a_card_says_what_a_user_must_know(card):
    assert re.fullmatch(r"[a-z0-9_-]+", card.name)
    assert card.about.endswith((".", ")."))
    assert card.licence
    assert card.source
    assert card.citation
    assert card.files
    assert set(card.tasks.values()) <= {"regression", "binary"}
    for file in card.files:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.gz_sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.gz_sha256)
        assert all(url.startswith("https://") for url in file.urls)
        assert bool(file.gz_sha256) == any(url.endswith(".gz") for url in file.urls)


def test_no_two_files_share_a_name():
    """So that several data sets can lie in one folder."""
    names = [file.name for card in CARDS.values() for file in card.files]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["esol", "bace", "sider", "b3db", "egfr", "herg", "tdc-ames", "aqsoldb", "davis", "cyp450"])
def test_a_card_is_true_to_its_main_table(name, data_dir, tmp_path):
    card = load_card(name)
    main = card.files[0]
    path = get(card, tmp_path, files=[main.name], data=data_dir)[main.name]
    assert path.stat().st_size == main.bytes
    table = open_table(path)
    rows = [row.values for row in table.rows()]
    assert len(rows) == card.rows == main.rows
    of_table = {column: kind for column, kind in card.tasks.items() if column in table.columns}
    assert of_table
    for column, kind in of_table.items():
        at = table.columns.index(column)
        assert parse_labels([row[at] for row in rows]).kind == kind, column
    if card.smiles in table.columns:
        assert find_smiles_column(table.columns, table.sample) == card.smiles


def test_every_file_at_hand_is_found_by_its_card(data_dir, tmp_path):
    """Of the cards' files, those in the folder of data: found by name and checksum, wherever they lie."""
    import hashlib

    small = [path for path in data_dir.rglob("*.csv.gz") if path.stat().st_size < 100_000]
    at_hand = {hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest() for path in small}
    listed = {file.sha256: (card, file) for card in CARDS.values() for file in card.files}
    found = [listed[digest] for digest in at_hand if digest in listed]
    assert len(found) > 30
    for card, file in found:
        assert get(card, tmp_path, files=[file.name], data=data_dir)[file.name].stat().st_size == file.bytes


def test_a_misspelt_name_is_answered_with_the_right_one():
    with pytest.raises(ConfigError, match="unknown data set 'lipophilcity'; did you mean lipophilicity"):
        load_card("lipophilcity")


def test_cards_ship_with_the_package():
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["package-data"]["molgen.datasets"] == ["bundles/*.molgen", "cards/*.toml"]
