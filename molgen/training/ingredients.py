"""What experts and baselines read of rows, by what the rows are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from molgen.chem.descriptors import DESCRIPTORS_FAST
from molgen.data.gene_graph import read_gene_graph
from molgen.featurizers import (
    AtomPair,
    Avalon,
    Composition,
    Descriptors,
    ErG,
    FeatureMorgan,
    Featurizer,
    Kmer,
    MolGraph,
    Morgan,
    OneHot,
    PlacedKmer,
    ProfileNumbers,
    ReadingFrames,
    Tokens,
    TopologicalTorsion,
)
from molgen.subjects import PairSubject, ResponseSubject, SequenceSubject, Subject

__all__ = ["DESCRIPTORS", "GRAPH_EXTRAS", "Ingredients", "ingredients_for"]

#: Boosted trees learn from counts of parts of several kinds: on scaffold folds of three sets that was worth 1 to 3 % of the error.
_FINGERPRINT = Morgan(2, 1024, counts=True)
_LONG_FINGERPRINT = Morgan(2, 2048, counts=True)
_FINGERPRINTS: list[Featurizer] = [
    _FINGERPRINT,
    FeatureMorgan(2, 1024, counts=True),
    AtomPair(1024, counts=True),
    TopologicalTorsion(1024, counts=True),
]
DESCRIPTORS = Descriptors()
#: What extremely randomised trees read: partly other parts than the boosted ones. Chosen on a committee's parts of seven data sets.
_EXTRA_TREES: list[Featurizer] = [_FINGERPRINT, AtomPair(1024, counts=True), Avalon(1024, counts=True), ErG(), DESCRIPTORS]
#: What joins the graph at the read-out: cheap, and it tells a small data set much.
GRAPH_EXTRAS: list[Featurizer] = [Descriptors(DESCRIPTORS_FAST)]

#: Compounds up to which each is compared with each: of more it takes minutes, and networks learn as much.
_FEW = 5_000
#: Sequences of one length, up to this many letters, have places that mean something: those of windows around a site do.
_MOST_PLACES = 2000
#: Letters of all rows up to which words at places are counted, some thirty numbers a letter.
_FEW_LETTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What is read of rows.

    Attributes
    ----------
    network
        What the first network is called.
    inputs
        What networks read.
    architecture
        Arguments of the networks that the rows decide.
    extras
        What joins at their read-out.
    further
        What joins at the read-out of a second network instead, by the network's name.
    tabular, tabular_fast
        Inputs of trees; those of trees that must not cost much.
    extra_trees
        Inputs of extremely randomised trees, where there are any.
    linear
        Inputs of a linear expert, where there is one.
    similarity
        What a similarity expert compares compounds by, where there is one.
    kernel
        What a kernel expert of pairs compares, where there is one: molecules, and partners.
    fingerprint, plain_fingerprint
        What rows are compared by: what trees read anyway, and what costs least by itself.
    baselines
        Linear baselines beside the experts: name -> inputs.
    """

    network: str
    inputs: Sequence[Featurizer]
    architecture: Mapping[str, Any]
    extras: Sequence[Featurizer]
    further: Mapping[str, Sequence[Featurizer]]
    tabular: Sequence[Featurizer]
    tabular_fast: Sequence[Featurizer]
    extra_trees: Sequence[Featurizer]
    linear: Sequence[Featurizer]
    similarity: Sequence[Featurizer]
    kernel: tuple[Featurizer, Featurizer] | None
    fingerprint: Featurizer
    plain_fingerprint: Featurizer
    baselines: Mapping[str, Sequence[Featurizer]]

    @property
    def featurizers(self) -> list[Featurizer]:
        """What is read whatever is trained, each once: boosted trees are one of the baselines."""
        of_lists = [self.extras, *self.further.values(), self.tabular, self.tabular_fast, self.linear, *self.baselines.values()]
        found = [*self.inputs, *(self.kernel or ()), *(featurizer for each in of_lists for featurizer in each), self.fingerprint]
        return list(dict.fromkeys(found))


def ingredients_for(subject: Subject, items: Sequence[str | None], gene_graph: str | None = None) -> Ingredients:
    """Return what is read of rows of a subject.

    Parameters
    ----------
    subject
        What they are about.
    items
        The rows: sequences of one length have places of their own.
    gene_graph
        File of the genes that are joined; see :func:`~molgen.data.gene_graph.read_gene_graph`.
    """
    if isinstance(subject, SequenceSubject):
        lengths = {len(letters) for letters in items if letters}
        length = lengths.pop() if len(lengths) == 1 else None
        return _of_sequences(subject.alphabet, length if length and length <= _MOST_PLACES else None, len(items))
    if isinstance(subject, PairSubject):
        return _of_pairs(subject.sequences.alphabet)
    if isinstance(subject, ResponseSubject):
        return _of_responses(subject.profiles.names, gene_graph)
    return Ingredients(
        network="graph",
        inputs=[MolGraph()],
        architecture={},
        extras=GRAPH_EXTRAS,
        further={"graph+descriptors": [DESCRIPTORS]},
        tabular=[*_FINGERPRINTS, DESCRIPTORS],
        tabular_fast=[_FINGERPRINT, *GRAPH_EXTRAS],
        extra_trees=_EXTRA_TREES,
        linear=[],
        similarity=[*_FINGERPRINTS, DESCRIPTORS] if len(items) <= _FEW else [],
        kernel=None,
        fingerprint=_FINGERPRINT,
        plain_fingerprint=Morgan(2, 1024),
        baselines={},
    )


def _of_pairs(alphabet: str) -> Ingredients:
    protein = alphabet == "protein"
    letters: list[Featurizer] = [Composition("letters", alphabet=alphabet)]
    letters += [Composition("triad", alphabet=alphabet)] if protein else [Kmer(3, alphabet=alphabet), Kmer(4, alphabet=alphabet)]
    words = Kmer(3 if protein else 6, alphabet=alphabet)
    return Ingredients(
        network="pair",
        inputs=[MolGraph(), Tokens(None, ends=False, output="packed", alphabet=alphabet), _LONG_FINGERPRINT, words],
        architecture={"alphabet": alphabet, "bits": _LONG_FINGERPRINT.size, "words": 20**3 if protein else 4**6},
        extras=GRAPH_EXTRAS,
        further={},
        tabular=[_FINGERPRINT, *GRAPH_EXTRAS, *letters],
        tabular_fast=[_FINGERPRINT, *GRAPH_EXTRAS, *letters],
        extra_trees=[],
        linear=[],
        similarity=[],
        kernel=(Morgan(2, _LONG_FINGERPRINT.size), words),
        fingerprint=_FINGERPRINT,
        plain_fingerprint=Morgan(2, 1024),
        baselines={},
    )


def _of_responses(names: tuple[str, ...], gene_graph: str | None) -> Ingredients:
    numbers = ProfileNumbers(list(names))
    graph = {} if gene_graph is None else read_gene_graph(gene_graph, names)._asdict()
    return Ingredients(
        network="response",
        inputs=[MolGraph(), _LONG_FINGERPRINT],
        architecture={"bits": _LONG_FINGERPRINT.size, "words": len(names), **graph},
        extras=[*GRAPH_EXTRAS, numbers],
        further={},
        tabular=[_FINGERPRINT, *GRAPH_EXTRAS, numbers],
        tabular_fast=[_FINGERPRINT, *GRAPH_EXTRAS, numbers],
        extra_trees=[],
        linear=[],
        similarity=[],
        kernel=(Morgan(2, _LONG_FINGERPRINT.size), numbers),
        fingerprint=_FINGERPRINT,
        plain_fingerprint=Morgan(2, 1024),
        baselines={},
    )


def _of_sequences(alphabet: str, length: int | None, rows: int) -> Ingredients:
    protein = alphabet == "protein"
    # Words of each length up to the longest whose counts still fill a column each.
    words: list[Featurizer] = [Kmer(k, alphabet=alphabet) for k in ((2, 3) if protein else (3, 4, 5, 6))]
    shares: list[Featurizer] = [Composition("letters" if protein else "gc", alphabet=alphabet)]
    places: list[Featurizer] = []
    words_at_places: list[Featurizer] = []
    if length is not None:
        # Rows of another length, which may come when it predicts, keep their middle.
        fits: dict[str, Any] = {"pad": True, "truncate": True, "align": "center", "alphabet": alphabet}
        places = [OneHot(length, layout="flat", **fits)]
        words_at_places = [PlacedKmer(length, k=2 if protein else 4, **fits)] if rows * length <= _FEW_LETTERS else places
    # What is cut out of genes has open frames, and what is not, such as promoters, has few.
    frames: list[Featurizer] = [] if protein else [ReadingFrames(alphabet=alphabet)]
    few = [*shares, *frames, *words[:1], *([Composition("triad", alphabet=alphabet)] if protein else words[1:3])]
    return Ingredients(
        network="sequence",
        inputs=[Tokens(None, ends=False, output="packed", alphabet=alphabet)],
        architecture={"alphabet": alphabet},
        extras=[*shares, *frames],
        further={},
        tabular=[*few, *places],
        tabular_fast=[*few, *places],
        extra_trees=[],
        linear=[*frames, *words, *words_at_places],
        similarity=[],
        kernel=None,
        fingerprint=words[-1],
        plain_fingerprint=words[-1],
        baselines={"letters" if protein else "GC content": shares, "words": words},
    )
