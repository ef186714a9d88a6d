"""How far an embedding lies from what a model knows: Mahalanobis' distance to a category."""

import numpy as np
import torch
from sklearn.covariance import LedoitWolf

from train.doubt.fitted import Known


def known(embeddings: np.ndarray, labels: np.ndarray) -> Known:
    """Of embeddings (n, d), n at least 2, and labels (n,); a category without an image is left out.

    One covariance for all categories, shrunk as Ledoit and Wolf (2004) do, as there are hardly more
    images than numbers in it (Lee et al. 2018, arXiv:1807.03888, section 2.1).
    """
    numbers = embeddings.astype(np.float64)
    present, places = np.unique(labels, return_inverse=True)
    means = np.stack([numbers[labels == label].mean(axis=0) for label in present])
    shared = LedoitWolf(assume_centered=True).fit(numbers - means[places])
    return Known(means=torch.from_numpy(means), precision=torch.from_numpy(shared.precision_))


def distances(embeddings: np.ndarray, of: Known) -> np.ndarray:
    """(n,) Squared, to the nearest category."""
    far: np.ndarray = Distance(of)(torch.from_numpy(embeddings)).numpy()
    return far


class Distance(torch.nn.Module):
    """Embeddings (n, d) -> squared distances (n,), in double precision, for the exported graph."""

    means: torch.Tensor
    precision: torch.Tensor

    def __init__(self, of: Known) -> None:
        super().__init__()
        self.register_buffer("means", of.means)
        self.register_buffer("precision", of.precision)

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        apart = embeddings.double()[:, None, :] - self.means
        squared = torch.einsum("nkd,de,nke->nk", apart, self.precision, apart)
        nearest: torch.Tensor = squared.amin(dim=1)
        return nearest


class Nowhere(torch.nn.Module):
    """In its place where nothing was fitted: 0 for all."""

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(embeddings[:, 0], dtype=torch.float64)
