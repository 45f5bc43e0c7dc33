"""Structural alerts beside RDKit's own FilterCatalog."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest
from rdkit import Chem, rdBase
from rdkit.Chem import FilterCatalog

from molgen.chem import alerts
from molgen.chem.alerts import CATALOGUES, find_alerts, load_alerts
from molgen.errors import ConfigError


@pytest.fixture(scope="module")
def mols(data_dir, nci_smiles):
    with gzip.open(data_dir / "molecules/chembl_smiles/chembl_validation.csv.gz", "rt") as lines:
        smiles = lines.read().split()[2001:2201]
    drugs = pd.read_csv(data_dir / "molecules/approved_drugs/chembl_approved_drugs.csv.gz")
    column = next(name for name in drugs if "smiles" in name.lower())
    # Isotopes, a lone atom, a dummy and a metal complex do not fit into a batch, or hardly.
    odd = ["[2H]c1ccccc1N=Nc1ccccc1", "[Na+]", "*c1ccc(O)c(O)c1", "[Fe]<-N", "C"]
    with rdBase.BlockLogs():
        parsed = map(Chem.MolFromSmiles, smiles + drugs[column].dropna().tolist()[:150] + nci_smiles[700:1000] + odd)
    return [mol for mol in parsed if mol is not None]


def rdkit_catalogue(name):
    params = FilterCatalog.FilterCatalogParams()
    params.AddCatalog(FilterCatalog.FilterCatalogParams.FilterCatalogs.names[CATALOGUES[name].rdkit])
    return FilterCatalog.FilterCatalog(params)


@pytest.mark.parametrize("name", CATALOGUES)
def test_all_hits_are_those_of_rdkit(name, mols):
    chosen = mols[::3] if name in ("pains", "nih", "chembl-bms") else mols
    catalogue = rdkit_catalogue(name)
    expected = [[entry.GetDescription() for entry in catalogue.GetMatches(mol)] for mol in chosen]
    assert find_alerts(chosen, name) == expected
    assert any(expected)


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_pattern_is_read_from_rdkit(name):
    loaded = load_alerts(name)
    assert type(loaded) is alerts.Alerts, "the patterns are not those that RDKit means"
    assert not loaded._unread
    assert len(loaded.names) == rdkit_catalogue(name).GetNumEntries()


def test_what_cannot_be_read_is_asked_of_rdkit(monkeypatch, mols):
    expected = find_alerts(mols[:200], "brenk")
    monkeypatch.setattr(alerts, "_read_entry", lambda entry: None)
    assert alerts.Alerts(rdkit_catalogue("brenk")).find(mols[:200]) == expected


def test_patterns_that_mean_something_else_are_left_to_rdkit(monkeypatch, mols):
    expected = find_alerts(mols[:50], "chembl-glaxo")
    load_alerts.cache_clear()
    monkeypatch.setattr(alerts, "_read_entry", lambda entry: alerts.CountedPattern("C"))
    with pytest.warns(RuntimeWarning, match="chembl-glaxo: matched one molecule at a time"):
        assert find_alerts(mols[:50], "chembl-glaxo") == expected
    load_alerts.cache_clear()


def test_missing_molecules_and_no_molecules_have_no_alerts():
    assert find_alerts([None, Chem.MolFromSmiles("O=[N+]([O-])c1ccccc1"), None], "brenk") == [
        [],
        ["nitro_group", "Oxygen-nitrogen_single_bond"],
        [],
    ]
    assert find_alerts([], "pains") == []
    with pytest.raises(ConfigError, match="no catalogue of alerts 'panes'"):
        find_alerts([], "panes")
