"""What holds for every filter, and each rule beside RDKit's own numbers."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, RDConfig, rdBase
from rdkit.Chem import QED, Crippen, Descriptors, Lipinski, rdMolDescriptors

import molgen.filters
from molgen.chem.parse import MolList
from molgen.errors import ConfigError, InputError
from molgen.filters import Filter, Pipeline, available, from_spec, from_text, registry, resolve
from molgen.filters.collect import collect_filters
from molgen.filters.smarts import SmartsFilter
from molgen.filters.window import Window

NEEDY = {
    "novelty": {"known": str(Path(RDConfig.RDContribDir, "FreeWilson", "data", "CHEMBL2321810.smi"))},
    "property": {"of": "TPSA"},
    "window": {"expression": "1<=TPSA<=120"},
    "smarts": {"rules": [["nitro", "[N+](=O)[O-]", 0, 0]]},
}


def make(name):
    return from_spec({"type": name, **NEEDY.get(name, {})})


@pytest.fixture(scope="module")
def mols(nci_smiles):
    with rdBase.BlockLogs():
        return MolList(Chem.MolFromSmiles(smiles) for smiles in nci_smiles[2400:2700])


# --- every filter -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", available())
def test_each_filter_answers_each_row_whatever_the_batch(name, mols):
    each = make(name)
    rows = [*mols[:20], None]
    reasons, values = each.check(rows), each.annotate(rows)
    assert len(reasons) == len(values) == 21
    assert reasons[-1] is None
    assert values[-1] is None or np.isnan(values[-1])
    assert all(reason is None or (isinstance(reason, str) and reason) for reason in reasons)
    kinds = {"text": str, "count": int, "number": float}
    assert all(isinstance(value, kinds[each.column_type]) for value in values[:-1])
    assert [each.check([mol])[0] for mol in rows] == reasons
    assert each.check([]) == each.annotate([]) == []


@pytest.mark.parametrize("name", available())
def test_each_filter_is_its_spec(name):
    each = make(name)
    again = from_spec(json.loads(json.dumps(each.spec())))
    assert again == each == pickle.loads(pickle.dumps(each))
    assert again.title == each.title
    assert each.cost > 0
    assert each.source
    assert type(each).__doc__


def test_a_file_that_is_dropped_in_is_a_filter(tmp_path, monkeypatch, run, library):
    (tmp_path / "sulfur.py").write_text(
        "from dataclasses import dataclass\n"
        "from molgen.filters.base import Filter, register\n\n"
        "@register\n@dataclass(frozen=True)\nclass NoOxygen(Filter):\n"
        '    """Rejects what has much oxygen."""\n\n'
        '    name = "no-oxygen"\n    cost = 3.0\n    most: int = 0\n\n'
        "    def check(self, mols):\n"
        "        counts = [0 if m is None else sum(a.GetSymbol() == 'O' for a in m.GetAtoms()) for m in mols]\n"
        "        return [f'{n} oxygens' if n > self.most else None for n in counts]\n"
    )
    monkeypatch.setattr(molgen.filters, "__path__", [*molgen.filters.__path__, str(tmp_path)])
    monkeypatch.setattr(molgen.filters.base, "_REGISTRY", dict(molgen.filters.base._REGISTRY))
    registry._discover.cache_clear()
    try:
        out, rejected = tmp_path / "kept.csv", tmp_path / "rejected.csv"
        result = run("filter", library, "-o", out, "--rejected", rejected, "--filter", "no-oxygen:most=1")
        assert result.exit_code == 0, result.output
        assert "4 oxygens" in rejected.read_text()
        assert "ethanol" in out.read_text()
        assert "no-oxygen" in run("filter", "--list").output
    finally:
        registry._discover.cache_clear()
        sys.modules.pop("molgen.filters.sulfur", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("panes", "no filter 'panes'; expected one of brenk"),
        ("qed:low=1", "no setting 'low'; expected one of min"),
        ("qed:min=high", "'min' cannot be 'high'"),
        ("lipinski:violations=1.5", "a whole number"),
        ("qed:0.5", "a setting without a value"),
        ("window", "needs its setting 'expression'"),
    ],
)
def test_what_is_no_filter_is_refused_with_what_is(text, message):
    with pytest.raises(ConfigError, match=message):
        from_text(text)


def test_neither_a_name_nor_a_filter():
    with pytest.raises(ConfigError, match="not a filter"):
        resolve([5])
    with pytest.raises(ConfigError, match="not a filter spec"):
        from_spec({"name": "pains"})
    assert resolve("pains") == [from_text("pains")]


# --- rules ------------------------------------------------------------------------------------------------------


def test_rules_count_what_their_papers_count(mols):
    mols = [mol for mol in mols if mol is not None]

    def broken(mol):
        weight, logp, tpsa = Descriptors.MolWt(mol), Crippen.MolLogP(mol), rdMolDescriptors.CalcTPSA(mol)
        rotors, refraction = Lipinski.NumRotatableBonds(mol), Crippen.MolMR(mol)
        donors, acceptors = Lipinski.NumHDonors(mol), Lipinski.NumHAcceptors(mol)
        return {
            "lipinski": [weight > 500, logp > 5, Lipinski.NHOHCount(mol) > 5, Lipinski.NOCount(mol) > 10],
            "veber": [rotors > 10, tpsa > 140],
            "egan": [not 0 <= tpsa <= 131.6, not -1 <= logp <= 5.88],
            "ghose": [
                not 160 <= weight <= 480,
                not -0.4 <= logp <= 5.6,
                not 40 <= refraction <= 130,
                not 20 <= Chem.AddHs(mol).GetNumAtoms() <= 70,
            ],
            "lead-like": [not 250 <= weight <= 350, logp > 3.5, rotors > 7],
            "fragment-like": [weight > 300, logp > 3, donors > 3, acceptors > 3, rotors > 3, tpsa > 60],
        }

    expected = [broken(mol) for mol in mols]
    for name in expected[0]:
        each = make(name)
        counts = [sum(of[name]) for of in expected]
        assert each.annotate(mols) == counts, name
        assert [reason is not None for reason in each.check(mols)] == [count > each.violations for count in counts]
        assert any(counts)


def test_a_reason_names_property_value_and_limit():
    big = Chem.MolFromSmiles("CCCCCCCCCCCCCCCCCCCC(=O)NCCCCCCCC(O)C(O)C(O)C(O)CO")
    assert from_text("lipinski").check([big]) == ["MolWt 559.9 > 500, MolLogP 5.921 > 5, NHOHCount 6 > 5"]
    assert from_text("lipinski:violations=3").check([big]) == [None]
    assert from_text("ghose").check([Chem.MolFromSmiles("C")])[0].startswith("MolWt 16.04 < 160")


def test_qed_is_rdkits(mols):
    mols = [mol for mol in mols if mol is not None][:60]
    expected = [QED.qed(mol) for mol in mols]
    np.testing.assert_allclose(from_text("qed").annotate(mols), expected, rtol=1e-9)
    passed = [reason is None for reason in from_text("qed:min=0.6").check(mols)]
    assert passed == [value >= 0.6 for value in expected]


# --- windows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("MolWt<=300", lambda v: v <= 300),
        ("100 < MolWt < 300", lambda v: 100 < v < 300),
        ("300>=MolWt", lambda v: v <= 300),
        ("300 > MolWt >= 100", lambda v: 100 <= v < 300),
        ("HeavyAtomCount == 12", lambda v: v == 12),
        ("-1.5e0<=MolLogP", lambda v: v >= -1.5),
        ("sa_score<3", lambda v: v < 3),
    ],
)
def test_windows(expression, holds, mols):
    window = Window(expression)
    values = window.annotate(mols)
    passed = [reason is None for reason in window.check(mols)]
    assert passed == [value is None or holds(value) for value in values]
    assert set(passed) == {True, False}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("MolWt", "not a window"),
        ("500", "not a window"),
        ("MolWt=<500", "not a window"),
        ("mw<=500", "no property 'mw'"),
        ("molwt<=500", "perhaps MolWt"),
        ("5<=TPSA<=1", "nothing can be in this range"),
        ("5<TPSA<5", "nothing can be in this range"),
        ("5<=TPSA>=1", "two ends that are not a range"),
    ],
)
def test_what_is_no_window_is_refused(expression, message):
    with pytest.raises(ConfigError, match=message):
        Window(expression)


def test_a_value_outside_is_shown_with_the_window():
    aspirin = Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")
    assert Window("1<=TPSA<=60").check([aspirin]) == ["TPSA 63.6 outside 1 to 60"]
    assert Window("MolWt<150").check([aspirin]) == ["MolWt 180.2 outside < 150"]
    # The partial charges of a metal are not known: no number, and so not within any window.
    assert Window("MaxPartialCharge<=100").check([Chem.MolFromSmiles("[Fe]<-N")]) == ["MaxPartialCharge has no value"]


# --- SMARTS -----------------------------------------------------------------------------------------------------


def test_rules_from_a_file(tmp_path):
    path = tmp_path / "rules.txt"
    path.write_text("# groups\n\nnitro group\t[N+](=O)[O-]\nacid  C(=O)[OH]  require\nring\ta1aaaaa1\t1-2\nhalogen [F,Cl] <=1\n")
    rules = SmartsFilter.from_file(path)
    smiles = ["OC(=O)c1ccccc1", "OC(=O)c1ccccc1[N+](=O)[O-]", "CCO", "OC(=O)c1c(F)cc(Cl)cc1", "[2H]CO"]
    found = rules.check([Chem.MolFromSmiles(text) for text in smiles])
    assert found == [
        None,
        "nitro group",
        "no acid, no ring",
        "halogen 2 times, at most 1 allowed",
        "no acid, no ring",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no pattern"),
        ("x\n", "line 1: not a rule"),
        ("x C\ny C(\n", "line 2: not SMARTS"),
        ("x C never\n", "line 1: not a rule; expected reject, require"),
        ("x C 5-2\n", "no number of matches is allowed"),
        ("x C >=0\n", "any number of matches is allowed"),
    ],
)
def test_a_file_that_cannot_be_used_names_the_line(text, message, tmp_path):
    path = tmp_path / "rules.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        SmartsFilter.from_file(path)


def test_bare_patterns_are_required_or_rejected():
    (each,) = collect_filters(reject=["[F,Cl]"], require=["c1ccccc1"])
    mols = [Chem.MolFromSmiles(text) for text in ("c1ccccc1", "Clc1ccccc1", "CC")]
    assert each.check(mols) == [None, "[F,Cl]", "no c1ccccc1"]
    assert each.annotate(mols) == ["", "[F,Cl]", "no c1ccccc1"]
    with pytest.raises(ConfigError, match="not SMARTS"):
        collect_filters(reject=["C("])


# --- one after the other ----------------------------------------------------------------------------------------


class Recorder(Filter):
    """Notes what it is shown."""

    def __init__(self, name, cost, rejects, log):
        self.name, self.price, self.rejects, self.log = name, cost, rejects, log

    @property
    def cost(self):
        return self.price

    @property
    def title(self):
        return self.name

    def check(self, mols):
        self.log += [(self.name, Chem.MolToSmiles(mol)) for mol in mols]
        if self.rejects == "break" and any(mol.GetNumAtoms() == 2 for mol in mols):
            raise ZeroDivisionError("two atoms")
        return ["too long" if mol.GetNumAtoms() == self.rejects else None for mol in mols]


def test_the_cheapest_goes_first_and_what_it_rejects_is_seen_by_no_other():
    log = []
    pipeline = Pipeline([Recorder("dear", 9.0, 1, log), Recorder("cheap", 1.0, 3, log)])
    sifted = pipeline.sift([Chem.MolFromSmiles("C"), None, Chem.MolFromSmiles("CCC"), Chem.MolFromSmiles("CC")])
    assert log == [("cheap", "C"), ("cheap", "CCC"), ("cheap", "CC"), ("dear", "C"), ("dear", "CC")]
    assert sifted.reasons == {2: "cheap: too long", 0: "dear: too long"}
    assert (sifted.rows, [Chem.MolToSmiles(mol) for mol in sifted.items]) == ([3], ["CC"])
    assert [stage[:3] for stage in sifted.stages] == [("cheap", 3, 1), ("dear", 2, 1)]


def test_a_molecule_that_breaks_a_filter_costs_its_own_row():
    sifted = Pipeline([Recorder("weak", 1.0, "break", [])]).sift([Chem.MolFromSmiles("C"), Chem.MolFromSmiles("CC")])
    assert sifted.rows == [0]
    assert sifted.failures == {1: "filter weak failed: ZeroDivisionError: two atoms"}


def test_two_annotations_of_one_column_are_refused():
    with pytest.raises(ConfigError, match="fill the column 'qed'"):
        Pipeline((), resolve(["qed", "qed:min=0.1"]))
