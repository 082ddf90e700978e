"""Load torchvision's weights by key, and compare the outputs.

`weights="DEFAULT"` in place of None downloads the trained weights.
"""

import torch
import torchvision

import archc


def main(name: str = "resnet18") -> None:
    theirs = torchvision.models.get_model(name, weights=None).eval()
    ours = archc.load(name, weights=theirs.state_dict()).eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        difference = (ours(image) - theirs(image)).abs().max().item()
    print(f"{name}: {len(theirs.state_dict())} tensors, largest difference {difference}")


if __name__ == "__main__":
    main()
