"""Find the face in a photograph: MTCNN, three small networks with the weights that were published.

P-Net goes over copies of the picture, each smaller than the last, and marks what may be a face.
R-Net looks at what was marked and throws most of it away, O-Net at what is left.

The weights and the photograph come from PyPI: `pip install scikit-image torchvision`, and
`pip install --no-deps facenet-pytorch`, which asks for an older torch than it needs.
"""

from importlib.util import find_spec
from pathlib import Path

import torch
from skimage import data
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.ops import nms

import archc

SMALLEST_FACE = 40  # pixels
STEP = 0.709  # from one copy of the picture to the next: half its area


def trained(name: str) -> nn.Module:
    """Return one of the three networks."""
    package = find_spec("facenet_pytorch")
    assert package is not None and package.origin is not None
    path = Path(package.origin).parent / "data" / f"{name}.pt"
    return archc.load(name, weights=torch.load(path, weights_only=True)).eval()


def find_faces(picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return boxes (N, 4), how sure each is (N) and five points in each (N, 5, 2)."""
    boxes = proposed(trained("pnet"), picture)
    boxes, _, _ = judged(trained("rnet"), picture, boxes, size=24)
    return judged(trained("onet"), picture, boxes, size=48)


def proposed(pnet: nn.Module, picture: Tensor) -> Tensor:
    """Return what may be faces: each output of P-Net sees 12 x 12 pixels, 2 from the last."""
    found: list[Tensor] = []
    sure: list[Tensor] = []
    scale = 12 / SMALLEST_FACE
    while min(picture.shape[-2:]) * scale >= 12:
        height, width = (int(side * scale) + 1 for side in picture.shape[-2:])
        said = pnet(resized(picture, height, width))
        scores = said.faces[0, 1]
        rows, columns = torch.nonzero(scores >= 0.6, as_tuple=True)
        corners = torch.stack([columns, rows], 1) * 2
        boxes = torch.cat([corners, corners + 12], 1) / scale
        kept = nms(boxes, scores[rows, columns], 0.5)
        found.append(moved(boxes, said.boxes[0, :, rows, columns].T)[kept])
        sure.append(scores[rows, columns][kept])
        scale *= STEP
    boxes = torch.cat(found)
    return boxes[nms(boxes, torch.cat(sure), 0.7)]


def judged(
    network: nn.Module, picture: Tensor, boxes: Tensor, size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the boxes that a network takes for faces, how sure it is, and points if it has any."""
    boxes = squares(boxes)
    said = network(torch.cat([cut(picture, box, size) for box in boxes.tolist()]))
    scores = said.faces[:, 1]
    better = moved(boxes, said.boxes)
    kept = nms(better, scores, 0.5)
    kept = kept[scores[kept] >= 0.7]
    points = getattr(said, "landmarks", torch.zeros(len(boxes), 10)).reshape(-1, 2, 5).mT
    sides = boxes[:, 2:] - boxes[:, :2]
    return better[kept], scores[kept], (boxes[:, None, :2] + points * sides[:, None])[kept]


def moved(boxes: Tensor, shifts: Tensor) -> Tensor:
    """Return boxes whose edges are moved by parts of their width and height."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return boxes + shifts * torch.cat([sides, sides], 1)


def squares(boxes: Tensor) -> Tensor:
    """Return boxes that are as wide as tall, around the same middles."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).amax(1, keepdim=True) / 2
    return torch.cat([middles - half, middles + half], 1)


def cut(picture: Tensor, box: list[float], size: int) -> Tensor:
    """Return what a box shows, as a picture of the size that the network looks at."""
    left, top, right, bottom = (max(int(edge), 0) for edge in box)
    return resized(picture[..., top : bottom + 1, left : right + 1], size, size)


def resized(picture: Tensor, height: int, width: int) -> Tensor:
    """Return a picture of bytes of another size, as the networks learnt to see it."""
    return (interpolate(picture, size=(height, width), mode="area") - 127.5) / 128


def main() -> None:
    photograph = torch.from_numpy(data.astronaut()).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        boxes, scores, points = find_faces(photograph)
    for box, score, five in zip(boxes, scores, points, strict=True):
        left, top, right, bottom = box.round().int().tolist()
        print(f"a face from ({left}, {top}) to ({right}, {bottom}), {score:.0%} sure")
        for name, (x, y) in zip(
            ["left eye", "right eye", "nose", "left of the mouth", "right of the mouth"],
            five.round().int().tolist(),
            strict=True,
        ):
            print(f"{name:>20} ({x}, {y})")


if __name__ == "__main__":
    main()
