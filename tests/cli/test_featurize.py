"""``molgen featurize``: every featurizer, to every kind of file that can hold it, and back."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from scipy import sparse

import molgen
from molgen.chem.graph import GraphBatch
from molgen.data.library import open_library
from molgen.errors import ConfigError, InputError
from molgen.featurizers import Concat, Conformers3D, Descriptors, Featurizer, Kmer, MolGraph, Morgan, SmilesTokens, load_features
from molgen.packed import PackedRows

Run = Callable[..., Result]

DENSE: list[Featurizer] = [
    Descriptors(),
    Descriptors(["TPSA", "MolWt"]),
    Morgan(output="dense", size=256),
    Morgan(output="packed", size=256),
    Concat([Morgan(output="dense", size=64), Descriptors(["TPSA"])]),
]
SPARSE: list[Featurizer] = [Morgan(3, 512, counts=True), Concat([Morgan(size=64), Descriptors(["TPSA"])])]
PACKED: list[Featurizer] = [SmilesTokens(output="packed"), Conformers3D(2)]
CASES = [
    *((featurizer, kind) for featurizer in [*DENSE, *SPARSE, *PACKED] for kind in (".parquet", ".npz")),
    (MolGraph(), ".npz"),
]


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, GraphBatch):
        for name in GraphBatch.__slots__:
            one, other = getattr(found, name), getattr(expected, name)
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
    elif isinstance(expected, PackedRows):
        assert type(found) is type(expected)
        for name in expected.members():
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
            assert getattr(found, name).dtype == getattr(expected, name).dtype
    elif isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
    else:
        assert (found != expected).nnz == 0
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)


@pytest.mark.parametrize(("featurizer", "kind"), CASES, ids=lambda value: str(value)[:40])
def test_a_file_holds_what_the_library_call_gives(
    run: Run, library: Path, tmp_path: Path, featurizer: Featurizer, kind: str
) -> None:
    spec, output = tmp_path / "spec.json", tmp_path / f"features{kind}"
    spec.write_text(json.dumps(featurizer.spec()))
    result = run("featurize", library, "--spec", spec, "-o", output)
    assert result.exit_code == 0, result.output

    smiles = pd.read_csv(library, keep_default_na=False)["smiles"].tolist()
    expected, stored = featurizer.featurize(smiles), load_features(output)
    assert_same(stored.features.values, expected.values)
    assert stored.features.errors == expected.errors
    assert stored.featurizer == featurizer
    assert stored.rows["row"] == [1, 2, 3, 4, 5, 6]
    assert stored.rows["smiles"] == smiles
    assert stored.rows["id"][:2] == ["ethanol", "benzamide"]
    assert stored.rows["source"] == [str(library)] * 6
    assert stored.rows["status"] == ["ok", "ok", "invalid", "ok", "invalid", "ok"]


def test_flags_say_the_same_as_a_spec(run: Run, library: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.npz"
    flags = ["--set", "radius=3", "--set", "counts=true", "--set", "size=128", "--set", "output=csr"]
    assert run("featurize", library, "-f", "Morgan", *flags, "-o", output).exit_code == 0
    assert load_features(output).featurizer == Morgan(3, 128, counts=True)


def test_scipy_reads_a_sparse_file(library: Path, tmp_path: Path) -> None:
    molgen.featurize(library, tmp_path / "m.npz", "Morgan")
    matrix = sparse.load_npz(tmp_path / "m.npz")
    assert matrix.shape == (6, 2048)
    assert matrix.format == "csr"
    assert matrix[2].nnz == 0


def test_numpy_reads_a_graph_file(library: Path, tmp_path: Path) -> None:
    molgen.featurize(library, tmp_path / "g.npz", MolGraph())
    with np.load(tmp_path / "g.npz", allow_pickle=False) as members:
        assert json.loads(members["featurizer"].item()) == {"type": "MolGraph"}
        assert np.diff(members["atom_ptr"]).tolist() == [3, 9, 0, 13, 0, 8]


def test_pandas_reads_a_dense_file(library: Path, tmp_path: Path) -> None:
    molgen.featurize(library, tmp_path / "d.parquet", Descriptors(["TPSA", "HeavyAtomCount"]))
    frame = pd.read_parquet(tmp_path / "d.parquet")
    assert list(frame) == ["row", "source", "id", "smiles", "status", "reason", "TPSA", "HeavyAtomCount"]
    assert frame["HeavyAtomCount"].isna().tolist() == [False, False, True, False, True, False]
    assert frame["HeavyAtomCount"].dropna().tolist() == [3, 9, 13, 8]
    assert frame["reason"].isna().tolist() == [True, True, False, True, False, True]


def test_failed_rows_of_integers_are_missing_in_parquet(library: Path, tmp_path: Path) -> None:
    molgen.featurize(library, tmp_path / "p.parquet", Morgan(output="packed", size=64))
    frame = pd.read_parquet(tmp_path / "p.parquet")
    assert frame["morgan_0-7"].isna().tolist() == [False, False, True, False, True, False]


def test_many_blocks_and_processes_give_one_answer(tmp_path: Path, nci_smiles: list[str]) -> None:
    smiles = nci_smiles[:2500]
    (tmp_path / "a.smi").write_text("\n".join(smiles[:1500]))
    (tmp_path / "b.smi").write_text("\n".join(smiles[1500:]))
    files = [tmp_path / "a.smi", tmp_path / "b.smi"]
    for featurizer in (MolGraph(), Morgan(size=256)):
        molgen.featurize(files, tmp_path / "one.npz", featurizer, overwrite=True)
        molgen.featurize(files, tmp_path / "two.npz", featurizer, n_jobs=2, overwrite=True)
        assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
        stored = load_features(tmp_path / "one.npz")
        assert_same(stored.features.values, featurizer.featurize(smiles).values)
        assert stored.rows["row"] == [*range(1, 1501), *range(1, 1001)]


def test_a_record_that_is_wrong_keeps_its_place(tmp_path: Path) -> None:
    library = tmp_path / "l.csv"
    library.write_text("smiles,name\nCCO,a\nCCN,b,c,d\nCCC,e\n")
    molgen.featurize(library, tmp_path / "m.npz", "Morgan")
    stored = load_features(tmp_path / "m.npz")
    assert stored.rows["status"] == ["ok", "invalid", "ok"]
    assert "wrong number of fields" in stored.features.errors[1]
    assert stored.features.values[1].nnz == 0


def test_text_of_any_language_survives(tmp_path: Path) -> None:
    library = tmp_path / "l.csv"
    library.write_text("smiles,name\nCCO,\u00c4thanol\nCCN,\u30a8\u30c1\u30eb\u30a2\u30df\u30f3\nCCC,\n", encoding="utf-8")
    for name in ("d.npz", "d.parquet"):
        molgen.featurize(library, tmp_path / name, Descriptors(["TPSA"]))
        assert load_features(tmp_path / name).rows["id"] == ["\u00c4thanol", "\u30a8\u30c1\u30eb\u30a2\u30df\u30f3", ""]


@pytest.mark.parametrize("featurizer", [Morgan(), SmilesTokens(output="packed"), Conformers3D()], ids=repr)
@pytest.mark.parametrize("name", ["n.npz", "n.parquet"])
def test_no_rows_keep_their_kind(tmp_path: Path, name: str, featurizer: Featurizer) -> None:
    library = tmp_path / "l.csv"
    library.write_text("smiles,name\n")
    molgen.featurize(library, tmp_path / name, featurizer, smiles="smiles")
    assert_same(load_features(tmp_path / name).features.values, featurizer.featurize([]).values)


def test_pandas_reads_a_sparse_parquet(library: Path, tmp_path: Path) -> None:
    molgen.featurize(library, tmp_path / "m.parquet", Morgan(counts=True))
    frame = pd.read_parquet(tmp_path / "m.parquet")
    assert list(frame)[6:] == ["indices", "values"]
    matrix = Morgan(counts=True).featurize(["CCO"]).values
    assert frame["indices"][0].tolist() == matrix.indices.tolist()
    assert frame["values"][0].tolist() == matrix.data.tolist()
    assert len(frame["indices"][2]) == 0


@pytest.mark.parametrize("name", ["e.npz", "e.parquet"])
def test_a_library_of_no_rows(tmp_path: Path, name: str) -> None:
    library = tmp_path / "l.csv"
    library.write_text("smiles,name\n")
    result = molgen.featurize(library, tmp_path / name, Descriptors(["TPSA", "MolWt"]), smiles="smiles")
    stored = load_features(tmp_path / name)
    assert result.rows == 0
    assert stored.features.values.shape == (0, 2)
    assert stored.features.values.dtype == np.float64


def test_parquet_holds_no_graphs(run: Run, library: Path, tmp_path: Path) -> None:
    result = run("featurize", library, "-f", "MolGraph", "-o", tmp_path / "x.parquet")
    assert result.exit_code == 2
    assert "name the output .npz" in result.output
    assert list(tmp_path.iterdir()) == [library]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["-f", "Morgan", "--set", "radius"], "'radius' is not NAME=VALUE"),
        (["-f", "Morgan", "--set", "counts=True"], "'True' is no value for counts: expected JSON"),
        (["-f", "Morgan", "--set", "radius=[1"], "'[1' is no value for radius"),
        (["-f", "Morgan", "--set", "radius=1", "--set", "radius=2"], "radius is set twice"),
        (["-f", "Morgan", "--set", "radius=-1"], "an integer from 0 to 100; got -1"),
        (["-f", "Morgan", "--set", "diameter=4"], "Morgan has no parameter 'diameter'"),
        (["-f", "Descriptors", "--set", "names=5"], "Descriptors: unusable names; expected a list of names; got 5"),
        (["-f", "Descriptors", "--set", 'names=["Weight"]'], "unknown descriptor 'Weight'"),
        (["-f", "Concat"], "Concat needs its parameter 'parts'"),
        (["-f", "morgan"], "expected one of AtomPair, Avalon"),
        (["-f", "Morgan", "--n-jobs", "0"], "n_jobs must be -1 or at least 1"),
        ([], "name the featurizer with -f NAME"),
    ],
)
def test_wrong_parameters_are_told(run: Run, library: Path, tmp_path: Path, flags: list[str], words: str) -> None:
    result = run("featurize", library, "-o", tmp_path / "x.npz", *flags)
    assert result.exit_code == 2, result.output
    assert words in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == [library]


@pytest.mark.parametrize("text", ["{", "[]", '{"radius": 2}', pytest.param("[" * 100_000, id="deep")])
def test_a_spec_that_is_none_is_told(run: Run, library: Path, tmp_path: Path, text: str) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(text)
    result = run("featurize", library, "--spec", spec, "-o", tmp_path / "x.npz")
    assert result.exit_code == 2
    assert str(spec) in result.output


def test_outputs_are_replaced_only_when_asked(run: Run, library: Path, tmp_path: Path) -> None:
    output = tmp_path / "x.npz"
    output.write_text("precious")
    arguments = ["featurize", library, "-f", "Morgan", "-o", output]
    result = run(*arguments)
    assert result.exit_code == 1
    assert "add --overwrite" in result.output
    assert output.read_text() == "precious"
    assert run(*arguments, "--overwrite").exit_code == 0
    assert load_features(output).features.values.shape == (6, 2048)


def test_the_library_is_not_written_over(tmp_path: Path) -> None:
    library = tmp_path / "library.npz"
    library.write_text("smiles\nCCO\n")
    with pytest.raises(InputError, match="read by the same command"):
        molgen.featurize(library, library, "Morgan", overwrite=True)
    assert library.read_text() == "smiles\nCCO\n"


def test_nothing_is_left_of_a_job_that_fails(tmp_path: Path, library: Path) -> None:
    with pytest.raises(ConfigError, match="two columns of one name"):
        molgen.featurize(library, tmp_path / "x.parquet", Descriptors(["TPSA", "TPSA"]))
    assert list(tmp_path.iterdir()) == [library]


def test_the_list_names_featurizers_and_parameters(run: Run) -> None:
    result = run("featurize", "--list")
    assert result.exit_code == 0
    assert "Morgan: Folded Morgan fingerprints" in result.output
    assert 'radius=2, size=2048, counts=false, chirality=false, output="csr"' in result.output


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", b"PAR1 nonsense", b"smiles\nCCO\n"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.npz"):
        load_features(path)


def test_a_file_of_numpy_alone_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", values=np.zeros(3))
    with pytest.raises(InputError, match="not a file of features"):
        load_features(tmp_path / "x.npz")


def test_a_newer_format_is_refused(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molgen.featurizers.stored_npz.FORMAT", 99)
    molgen.featurize(library, tmp_path / "x.npz", "Morgan")
    with pytest.raises(InputError, match="format 1 to 1; got 99"):
        load_features(tmp_path / "x.npz")


class TestSequences:
    FASTA = ">one first\nACGTACGTAC\n>two\n\n>three\nMKVLE\n>four\nACG\n>five\nacgtnacgta\n"

    @pytest.fixture
    def genes(self, tmp_path: Path) -> Path:
        path = tmp_path / "genes.fa"
        path.write_text(self.FASTA)
        return path

    @pytest.mark.parametrize("kind", [".npz", ".parquet"])
    def test_every_record_comes_out_with_values_or_a_reason(self, run: Run, genes: Path, tmp_path: Path, kind: str) -> None:
        output = tmp_path / f"words{kind}"
        result = run("featurize", genes, "-f", "Kmer", "--set", "k=4", "-o", output)
        assert result.output.startswith("5 rows: 3 invalid, 2 ok")
        stored = load_features(output)
        assert stored.featurizer == Kmer(4)
        assert stored.rows["id"] == ["one", "two", "three", "four", "five"]
        assert stored.rows["sequence"] == ["ACGTACGTAC", "", "MKVLE", "ACG", "acgtnacgta"]
        assert stored.features.errors == {
            1: "no sequence under this title (record 2)",
            2: "no letters of DNA: 'L' at position 4, 'E' at position 5; it would be a protein",
            3: "too short: 3 letters, and a word has 4",
        }
        assert_same(stored.features.values, Kmer(4).featurize(["ACGTACGTAC", "", "", "", "acgtnacgta"]).values)

    def test_standard_input_is_read_once_and_in_full(self, genes: Path, tmp_path: Path) -> None:
        command = [
            sys.executable,
            "-c",
            "from molgen.cli.main import main; main()",
            "featurize",
            "-",
            "-f",
            "Kmer",
            "--set",
            "k=4",
            "-o",
            "out.npz",
        ]
        packed = gzip.compress(genes.read_bytes())
        result = subprocess.run(command, input=packed, capture_output=True, check=False, cwd=tmp_path)
        assert result.stdout.startswith(b"5 rows: 3 invalid, 2 ok"), result.stderr
        assert load_features(tmp_path / "out.npz").rows["id"] == ["one", "two", "three", "four", "five"]

    def test_reasons_of_a_kind_are_counted_together(self, run: Run, tmp_path: Path) -> None:
        path = tmp_path / "proteins.fa"
        path.write_text("".join(f">{at}\nMKV{'LEQF'[at % 4] * (at + 2)}\n" for at in range(20)))
        result = run("featurize", path, "-f", "Kmer", "--set", "k=4", "-o", tmp_path / "out.npz")
        assert "  20 no letters of DNA\n" in result.output

    def test_blocks_of_long_sequences_have_few_rows(self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("molgen.data.library.BLOCK_LETTERS", 15)
        path = tmp_path / "genes.fa"
        path.write_text(self.FASTA)
        assert [block.size for block in open_library(path, reads="sequence").blocks()] == [3, 2]
        output = tmp_path / "out.npz"
        run("featurize", path, "-f", "Kmer", "--set", "k=4", "-o", output)
        assert load_features(output).rows["row"] == [1, 2, 3, 4, 5]

    def test_what_no_memory_holds_is_refused(self, genes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any) -> None:
            raise MemoryError

        monkeypatch.setattr(Kmer, "featurize", fail)
        with pytest.raises(ConfigError, match="Kmer does not work with these parameters"):
            molgen.featurize(genes, tmp_path / "x.npz", "Kmer")

    def test_tables_of_sequences(self, run: Run, tmp_path: Path) -> None:
        table, output = tmp_path / "genes.csv", tmp_path / "out.npz"
        table.write_text("name,protein sequence,gene\none,MKV,x\ntwo,MKB,y\n")
        run("featurize", table, "-f", "Composition", "--set", "alphabet=protein", "-o", output)
        assert load_features(output).rows["sequence"] == ["MKV", "MKB"]
        run("featurize", table, "--sequence", "gene", "-f", "Tokens", "--set", "max_length=4", "-o", output, "--overwrite")
        assert load_features(output).rows["sequence"] == ["x", "y"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["-f", "Morgan"], "a file of sequences, not of molecules"),
            (["-f", "OneHot"], "the rows of a file need one length"),
            (["-f", "Kmer", "--smiles", "x"], "Kmer reads no smiles"),
            (["-f", "Morgan", "--sequence", "x"], "Morgan reads no sequence"),
            (["-f", "Kmer", "--set", "k=40"], "unusable k; expected an integer from 1 to 31"),
            (["-f", "Kmer", "--set", "k=12"], "too many words for a column each"),
        ],
    )
    def test_what_does_not_go_together(self, run: Run, genes: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
        result = run("featurize", genes, *arguments, "-o", tmp_path / "x.npz")
        assert result.exit_code in (1, 2)
        assert message in result.output
        assert not (tmp_path / "x.npz").exists()


class TestIntervals:
    GENOME = ">chr1 a\nACGTACGTAC\nGGGGGCCCCC\nTT\n"
    BED = "chr1\t0\t4\tone\nchr1\t8\t12\t.\t0\t-\nchr1\t18\t30\nchrX\t0\t4\nchr1\t5\n"

    @pytest.fixture
    def files(self, tmp_path: Path) -> tuple[Path, Path]:
        (tmp_path / "genome.fa").write_text(self.GENOME)
        (tmp_path / "peaks.bed").write_text(self.BED)
        return tmp_path / "peaks.bed", tmp_path / "genome.fa"

    def test_intervals_are_read_from_a_genome(self, run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
        output = tmp_path / "out.npz"
        result = run("featurize", files[0], "--genome", files[1], "-f", "Kmer", "--set", "k=2", "-o", output)
        assert result.output.startswith("5 rows: 3 invalid, 2 ok")
        stored = load_features(output)
        assert stored.rows["id"] == ["one", "chr1:8-12", "chr1:18-30", "chrX:0-4", "chr1:0-0"]
        assert stored.rows["sequence"] == ["ACGT", "CCGT", "", "", ""]
        assert [reason.split("genome.fa: ")[-1] for reason in stored.features.errors.values()] == [
            "no such places in chr1; expected places from 0 to 22; got 18 to 30 (interval 3)",
            "no contig 'chrX'; expected one of chr1; did you mean 'chr1'? (interval 4)",
            "too few columns: 2, where a contig, a start and a stop were expected (interval 5)",
        ]

    def test_windows_stand_around_the_middle(self, run: Run, files: tuple[Path, Path], tmp_path: Path) -> None:
        output = tmp_path / "out.npz"
        arguments = ["--length", "5", "-f", "OneHot", "--set", "length=5", "-o", output]
        run("featurize", files[0], "--genome", files[1], *arguments)
        stored = load_features(output)
        assert stored.rows["sequence"][:2] == ["ACGTA", "CCCGT"]
        assert stored.rows["reason"][2].endswith("expected places from 0 to 22; got 22 to 27 (interval 3)")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["-f", "Morgan"], "intervals of a genome have sequences and no columns; got Morgan, which reads molecules"),
            (["-f", "Kmer", "--sequence", "x"], "intervals of a genome have sequences and no columns; got sequence as well"),
        ],
    )
    def test_what_does_not_go_together(
        self, run: Run, files: tuple[Path, Path], tmp_path: Path, arguments: list[str], message: str
    ) -> None:
        result = run("featurize", files[0], "--genome", files[1], *arguments, "-o", tmp_path / "x.npz")
        assert (result.exit_code, message in result.output) == (2, True)
        with pytest.raises(ConfigError, match="a length needs a genome"):
            molgen.featurize(files[1], tmp_path / "x.npz", "Kmer", length=5)
        with pytest.raises(ConfigError, match="a length is one letter or more"):
            molgen.featurize(files[0], tmp_path / "x.npz", "Kmer", genome=files[1], length=0)
