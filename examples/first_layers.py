"""Take the first layers of a network as a network: features for something else.

A body that is a list is an `nn.Sequential`, so a slice of it is one too.
"""

import torch
from torch import nn

import archc


def main() -> None:
    vgg = archc.load("vgg11", init=False).eval()
    first = vgg.features[:6]
    print(type(first).__name__, [type(layer).__name__ for layer in first])

    image = torch.zeros(1, 3, 64, 64)
    print("features:", list(first(image).shape))

    network = nn.Sequential(first, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 2))
    print("a network of its own:", list(network(image).shape))


if __name__ == "__main__":
    main()
