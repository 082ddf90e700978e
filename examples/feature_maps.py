"""Catch the feature maps of a layer with a hook, and write them as one picture."""

import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

import archc


def grid(maps: Tensor, columns: int) -> Tensor:
    """Return maps (C, H, W) beside each other, each from black to white."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    grey = ((maps - low) / (high - low + 1e-9) * 255).to(torch.uint8)
    rows = [torch.cat(list(row), dim=1) for row in grey.split(columns)]
    return torch.cat(rows, dim=0)


def write_png(path: Path, grey: Tensor) -> None:
    """Write a grey picture (H, W) of bytes."""
    height, width = grey.shape
    rows = b"".join(b"\0" + bytes(row.tolist()) for row in grey)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def ring(size: int) -> Tensor:
    """Return a picture of a ring: something round to look at."""
    axis = torch.linspace(-1, 1, size)
    distance = torch.hypot(axis[:, None], axis[None, :])
    return ((distance - 0.6).abs() < 0.1).float()


def main() -> None:
    model = archc.load("lenet5", seed=0).eval()
    caught: dict[str, Tensor] = {}
    layer = model.get_submodule("3")  # the second convolution; `archc summary` names them
    hook = layer.register_forward_hook(lambda _module, _input, output: caught.update(c3=output))
    model(ring(32)[None, None])
    hook.remove()
    picture = grid(caught["c3"][0].detach(), columns=8)
    write_png(Path("feature_maps.png"), picture)
    print(f"feature_maps.png: {len(caught['c3'][0])} maps of {list(caught['c3'].shape[2:])}")


if __name__ == "__main__":
    main()
