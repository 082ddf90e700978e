"""Load VGG-16 from its spec and run it on one picture of noise."""

import torch

import archc


def main() -> None:
    """Print what comes out for one picture."""
    torch.manual_seed(0)
    model = archc.load("specs/vgg16.yaml").eval()
    with torch.inference_mode():
        logits = model(torch.randn(1, 3, 224, 224))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"vgg16: {parameters:,} parameters, output {list(logits.shape)}")


if __name__ == "__main__":
    main()
