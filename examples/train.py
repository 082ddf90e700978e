"""Train a small network on pictures of stripes, and save what it learnt.

The data are made here: stripes that lie, and stripes that stand. Any data set of images takes
their place.
"""

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import cross_entropy

import archc

SPEC = "examples/stripes.yaml"


def stripes(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return noisy pictures of stripes, and 1 for those that stand."""
    labels = torch.randint(2, (count,), generator=generator)
    wave = torch.sin(torch.arange(16) * torch.pi / 2).expand(16, 16)
    images = torch.stack([wave if label else wave.T for label in labels])[:, None]
    return images + 0.5 * torch.randn(images.shape, generator=generator), labels


def main(steps: int = 60) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    generator = torch.Generator().manual_seed(0)
    model = archc.load(SPEC, device=device, seed=0)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(steps):
        images, labels = (tensor.to(device) for tensor in stripes(32, generator))
        loss = cross_entropy(model(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 20 == 0:
            print(f"step {step}: loss {loss.item():.3f}")

    images, labels = (tensor.to(device) for tensor in stripes(200, generator))
    model.eval()
    right = (model(images).argmax(1) == labels).float().mean().item()
    print(f"right on new pictures: {right:.0%}")

    save_file(model.state_dict(), "stripes.safetensors")
    again = archc.load(SPEC, weights="stripes.safetensors").eval()
    same = torch.allclose(again(images.cpu()), model(images).cpu(), atol=1e-4)
    print("the saved network says the same:", same)


if __name__ == "__main__":
    main()
