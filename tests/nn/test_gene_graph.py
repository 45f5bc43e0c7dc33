"""Messages between genes: what is joined is told, and nothing else."""

import pytest
import torch

from molgen.errors import ConfigError
from molgen.nn.gene_graph import GeneGraph


def test_a_gene_hears_of_its_neighbours_within_the_steps():
    torch.manual_seed(0)
    graph = GeneGraph([[0], [1], [2], [3]], [[0, 1], [1, 2], [2, 3]], 4, width=8, steps=2)
    numbers = torch.randn(3, 4)
    changed = numbers.clone()
    changed[:, 0] += 1
    moved = (graph(numbers) - graph(changed)).reshape(3, 4, 8).abs().sum(dim=(0, 2)) > 0
    assert moved.tolist() == [True, True, True, False]


def test_order_of_edges_and_batch_change_nothing():
    torch.manual_seed(0)
    one = GeneGraph([[0, 2], [1, -1]], [[0, 1]], 3)
    other = GeneGraph([[0, 2], [1, -1]], [[1, 0]], 3)
    other.load_state_dict(one.state_dict())
    numbers = torch.randn(4, 3)
    assert one(numbers).shape == (4, one.out_width)
    assert torch.allclose(one(numbers), other(numbers))
    assert torch.allclose(one(numbers)[:1], one(numbers[:1]), atol=1e-6)


@pytest.mark.parametrize(("genes", "edges"), [([[5]], []), ([[-2]], []), ([[0]], [[0, 1]]), ([[0]], [[0]]), ("x", []), ([], [])])
def test_what_is_not_there_is_refused(genes, edges):
    with pytest.raises((ConfigError, ValueError, TypeError, RuntimeError)):
        GeneGraph(genes, edges, 3)
