"""Featurizers in code of your own: a scikit-learn pipeline, and a network trained from graphs in plain PyTorch."""

import csv
import tempfile

import numpy as np
import torch
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from torch_geometric.nn import GINConv, global_add_pool

from molgen.datasets import free_wilson_table
from molgen.featurizers import Concat, Descriptors, MolGraph, Morgan


def read_table(rows: int) -> tuple[list[str], np.ndarray]:
    """Return SMILES and activities of some of the measured compounds that come with RDKit."""
    with tempfile.TemporaryDirectory() as folder, free_wilson_table(folder).open(newline="") as table:
        entries = list(csv.DictReader(table))[:rows]
    return [each["smiles"] for each in entries], np.array([float(each["activity"]) for each in entries])


def fit_pipeline(smiles: list[str], activity: np.ndarray) -> GridSearchCV:
    """Search over a featurizer's parameter as over any other: featurizers are transformers."""
    features = Concat([Morgan(counts=True), Descriptors(["MolLogP", "TPSA", "MolWt"])])
    pipeline = make_pipeline(features, RandomForestRegressor(20, random_state=0))
    search = GridSearchCV(pipeline, {"randomforestregressor__min_samples_leaf": [1, 3]}, cv=KFold(3, shuffle=True, random_state=0))
    return search.fit(smiles, activity)


class Network(torch.nn.Module):
    """Two steps of message passing over molgen's integer atom fields."""

    def __init__(self, fields: int, width: int = 32) -> None:
        super().__init__()
        self.embed = torch.nn.Linear(fields, width)
        self.steps = torch.nn.ModuleList(
            GINConv(torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.ReLU())) for _ in range(2)
        )
        self.head = torch.nn.Linear(width, 1)

    def forward(self, batch: object) -> torch.Tensor:
        """Return one number a graph."""
        atoms = self.embed(batch.x.float())
        for step in self.steps:
            atoms = atoms + step(atoms, batch.edge_index)
        return self.head(global_add_pool(atoms, batch.batch, batch.num_graphs))[:, 0]


def train_network(smiles: list[str], activity: np.ndarray, epochs: int = 3) -> list[float]:
    """Featurize each batch as it is needed: it costs little more than parsing. Returns the loss of each epoch."""
    torch.manual_seed(0)
    featurizer = MolGraph()
    target = torch.tensor((activity - activity.mean()) / activity.std(), dtype=torch.float32)
    network = Network(featurizer.transform(smiles[:1]).to_pyg().num_node_features)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(smiles)).split(32):
            batch = featurizer.transform([smiles[row] for row in rows]).to_pyg()
            loss = (network(batch) - target[rows]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        losses.append(total / len(smiles))
    return losses


if __name__ == "__main__":
    compounds, values = read_table(200)
    print("scikit-learn, R2 of the best setting:", round(fit_pipeline(compounds, values).best_score_, 2))
    print("PyTorch, loss of each epoch:", [round(loss, 2) for loss in train_network(compounds, values)])
