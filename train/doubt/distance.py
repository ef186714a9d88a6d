"""How far features lie from what a model knows: Mahalanobis' distance to a category."""

import numpy as np
import torch
from sklearn.covariance import ledoit_wolf

from train.doubt.fitted import FEATURES, Known


def known(features: np.ndarray, labels: np.ndarray) -> Known:
    """Of features (n, d), not all the same, and labels (n,); a category without an image is left
    out.

    One covariance for all categories, shrunk as Ledoit and Wolf (2004) do, as there are hardly more
    images than numbers in it (Lee et al. 2018, arXiv:1807.03888, section 2.1).
    """
    numbers = features.astype(np.float64)
    present, places = np.unique(labels, return_inverse=True)
    means = np.stack([numbers[labels == label].mean(axis=0) for label in present])
    shared, _ = ledoit_wolf(numbers - means[places], assume_centered=True)
    precision = np.linalg.inv(shared)
    return Known(of=FEATURES, means=torch.from_numpy(means), precision=torch.from_numpy(precision))


def distances(features: np.ndarray, of: Known) -> np.ndarray:
    """(n,) Squared, to the nearest category."""
    far: np.ndarray = Distance(of)(torch.from_numpy(features)).numpy()
    return far


class Distance(torch.nn.Module):
    """Features (n, d) -> squared distances (n,), in double precision, for the exported graph."""

    means: torch.Tensor
    whitening: torch.Tensor

    def __init__(self, of: Known) -> None:
        super().__init__()
        # In whitened numbers Mahalanobis' distance is Euclid's.
        whitening = torch.linalg.cholesky(of.precision)
        self.register_buffer("whitening", whitening)
        self.register_buffer("means", of.means @ whitening)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        apart = (features.double() @ self.whitening)[:, None, :] - self.means
        nearest: torch.Tensor = apart.square().sum(dim=2).amin(dim=1)
        return nearest


class Nowhere(torch.nn.Module):
    """In its place where nothing was fitted: 0 for all."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(features[:, 0], dtype=torch.float64)
