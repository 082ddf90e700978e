"""Load VGG-16 and run it on one image: what `make demo` ends with.

The weights are random, so the class means nothing. With torchvision's weights it does:
see `torchvision_weights.py`.
"""

import torch

import archc


def main() -> None:
    model = archc.load("vgg16", seed=0).eval()
    image = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        logits = model(image)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"vgg16 has {parameters:,} parameters")
    print(f"an image {list(image.shape)} gives logits {list(logits.shape)}")


if __name__ == "__main__":
    main()
