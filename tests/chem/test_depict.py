import xml.etree.ElementTree as ET

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDepictor

from molgen.chem.depict import MAX_DRAWN_ATOMS, _drawable, depict_svg
from molgen.errors import ConfigError

ODD = {
    "single atom": "[Fe]",
    "radical": "[CH3]",
    "ions": "[Na+].[Cl-]",
    "isotopes": "[2H]C([2H])[13CH3]",
    "attachment point": "*c1ccccc1",
    "hypervalent": "F[P-](F)(F)(F)(F)F",
    "metal complex": "N[Pt](N)(Cl)Cl",
    "stereo of both kinds": "CC[C@@H](F)/C=C/Br",
    "cage": "C12C3C4C1C5C2C3C45",
    "labels in an extension": "CCO |$<script>alert(1)</script>;;$|",
}


@pytest.mark.parametrize("smiles", ODD.values(), ids=ODD.keys())
def test_odd_molecules_become_well_formed_svg(smiles):
    root = ET.fromstring(depict_svg(smiles))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert {child.tag.partition("}")[2] for child in root.iter()} <= {"svg", "path", "ellipse", "polygon", "rect"}
    assert len(root), "nothing was drawn"


def test_fragment_stands_in_a_page_as_it_is():
    svg = depict_svg("CC(=O)Nc1ccc(O)cc1Br")
    assert svg.startswith("<svg ") and svg.endswith("</svg>")
    assert "class=" not in svg and "<!--" not in svg and "<rect" not in svg  # no styles to meet, no background
    assert "currentColor" in svg and "#000000" not in svg and "#FFFFFF" not in svg


def test_size():
    root = ET.fromstring(depict_svg("CCO", width=300, height=200))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("300", "200", "0 0 300 200")


@pytest.mark.parametrize("size", [(0, 180), (240, 10_000), (-5, -5)])
def test_size_out_of_range(size):
    with pytest.raises(ConfigError, match="size of a drawing"):
        depict_svg("C", width=size[0], height=size[1])


@pytest.mark.parametrize("bad", ["", "nonsense", "C(C)(C)(C)(C)C", "C" * 30_000, None, float("nan"), Chem.Mol()])
def test_what_is_no_molecule_is_not_drawn(bad, capfd):
    assert depict_svg(bad) is None
    assert capfd.readouterr().err == ""


def test_unsanitised_molecule_without_kekule_structure_is_not_drawn():
    assert depict_svg(Chem.MolFromSmiles("c1cccc1", sanitize=False)) is None


def test_cap_on_atoms():
    assert depict_svg("C" * MAX_DRAWN_ATOMS) is not None
    assert depict_svg("C" * (MAX_DRAWN_ATOMS + 1)) is None


def test_molecule_is_left_as_it_was_and_its_coordinates_do_not_matter():
    mol = Chem.MolFromSmiles("c1ccccc1O")
    plain = depict_svg(mol)
    assert mol.GetNumConformers() == 0
    rdDepictor.Compute2DCoords(mol)
    for at in range(mol.GetNumAtoms()):
        mol.GetConformer().SetAtomPosition(at, (0.1 * at, 0.0, at))
    assert depict_svg(mol) == plain
    assert mol.GetConformer().GetAtomPosition(3).z == 3


def test_bridged_rings_do_not_fall_on_top_of_each_other():
    triptycene_quinone = Chem.MolFromSmiles("O=C1C2=C(C=CC=C2)C(=O)C3=C1C4C5=CC=CC=C5C3C6=CC=CC=C46")
    places = _drawable(triptycene_quinone).GetConformer().GetPositions()
    apart = np.linalg.norm(places[:, None] - places, axis=-1) + 9 * np.eye(len(places))
    assert apart.min() > 0.5


def test_labels_of_atoms_are_outlines_and_never_markup():
    mol = Chem.MolFromSmiles("CCO")
    mol.GetAtomWithIdx(0).SetProp("_displayLabel", "<script>alert(1)</script>")
    mol.GetAtomWithIdx(1).SetProp("atomNote", "</svg><script>")
    svg = depict_svg(mol)
    assert "script" not in svg and "<text" not in svg
