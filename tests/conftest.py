"""Where the tests find real data, and what they do where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

if "PYTEST_XDIST_WORKER" in os.environ:
    # Each core has a worker: threads of torch's own, set before it is loaded, would wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def find_data() -> Path | None:
    """Return the folder of real data sets: ``MOLGEN_DATA``, else ``../shared/data`` beside the checkout."""
    folder = Path(os.environ.get("MOLGEN_DATA", ROOT.parent / "shared" / "data"))
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def data_dir() -> Path:
    folder = find_data()
    if folder is None:
        reason = "real data sets are absent: set MOLGEN_DATA to their folder"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def nci_smiles() -> list[str]:
    """4,999 real rows that come with the rdkit wheel, salts and metals included."""
    from rdkit import RDConfig

    lines = Path(RDConfig.RDDataDir, "NCI", "first_5K.smi").read_text().splitlines()
    return [line.split()[0] for line in lines if line.strip()]


@pytest.fixture(scope="session")
def measured_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 of the RDKit wheel's 1,017 Free-Wilson compounds: an activity, and whether it is above the median."""
    import statistics

    from rdkit import RDConfig

    folder = Path(RDConfig.RDContribDir, "FreeWilson", "data")
    lines = (folder / "CHEMBL2321810_act.csv").read_text().splitlines()[1:]
    activity = dict(line.split(",") for line in lines)
    compounds = [line.split()[:2] for line in (folder / "CHEMBL2321810.smi").read_text().splitlines() if line.strip()]
    compounds = [(name, smiles) for smiles, name in compounds if name in activity][::4][:240]
    median = statistics.median(float(activity[name]) for name, _ in compounds)
    path = tmp_path_factory.mktemp("measured") / "measured.csv"
    rows = [f"{name},{smiles},{activity[name]},{int(float(activity[name]) > median)}" for name, smiles in compounds]
    path.write_text("\n".join(["id,smiles,activity,active", *rows]) + "\n")
    return path


@pytest.fixture(scope="session")
def small_bundle(measured_table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A blend of both experts on a regression and a binary task, trained for a moment."""
    import molgen

    path = tmp_path_factory.mktemp("bundle") / "small.molgen"
    molgen.train(
        measured_table,
        path,
        target=["activity", "active"],
        split="random",
        graph={"epochs": 3, "width": 32, "steps": 2},
        tabular={"rounds": 20},
    )
    return path


class Page(HTMLParser):
    """Checks that tags are balanced, and collects them, their attributes and the text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.words, self.open = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)


@pytest.fixture(scope="session")
def parse_page() -> Callable[[str], Page]:
    """Parse an HTML page, failing if its tags are not balanced."""
    return Page
