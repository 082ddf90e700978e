"""Layers of a user's own, as the tests of `python:` import them."""

import torch
from torch import nn


class Correlation(nn.Module):
    """Cross-correlation of one filter with each channel, written out as its definition."""

    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size, size) / size**2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size = self.weight.shape[0]
        windows = x.unfold(2, size, 1).unfold(3, size, 1)
        return (windows * self.weight).sum((-2, -1))


class Failing(nn.Module):
    """A layer that cannot run."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise ValueError("no such luck")
