"""Begin with values of one's own: by rule in the spec, by a function, from arrays."""

import torch
from torch import nn

import archc

SPEC = "examples/edges.yaml"


def main() -> None:
    model = archc.load(SPEC, seed=0)
    print("by rule: bias", model.conv.bias.tolist(), f"std {model.fc.weight.std().item():.2f}")

    # By a function over all modules, as in PyTorch.
    def orthogonal(module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.orthogonal_(module.weight)

    model.apply(orthogonal)
    square = model.fc.weight @ model.fc.weight.T
    print("orthogonal:", torch.allclose(square, torch.eye(len(square)), atol=1e-5))

    # From arrays: a filter that sees edges, in the place of the first one.
    edge = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
    with torch.no_grad():
        model.conv.weight[0, 0] = edge
    image = torch.zeros(1, 1, 8, 8)
    image[..., 4:] = 1.0
    print("an edge:", model.conv(image)[0, 0, 4].tolist())


if __name__ == "__main__":
    main()
