"""Train with auxiliary losses, then drop the heads for inference: GoogLeNet.

In training mode the network returns a named tuple, in eval mode a tensor. Small pictures and
few classes keep this quick.
"""

import torch
from torch.nn.functional import cross_entropy

import archc

WEIGHTS = {"logits": 1.0, "aux_logits1": 0.3, "aux_logits2": 0.3}


def main(steps: int = 2) -> None:
    model = archc.load("googlenet", params={"num_classes": 10}, seed=0)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(4, 3, 64, 64, generator=generator)
    labels = torch.randint(10, (4,), generator=generator)
    for step in range(steps):
        outputs = model(images)
        losses = {name: cross_entropy(getattr(outputs, name), labels) for name in WEIGHTS}
        total = torch.stack([WEIGHTS[name] * loss for name, loss in losses.items()]).sum()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        print(f"step {step}:", ", ".join(losses))
    with torch.inference_mode():
        print("eval:", list(model.eval()(images).shape))


if __name__ == "__main__":
    main()
