"""Measure archc against torch and torchvision, as ratios within one run.

    python benchmarks/run.py [part …]

Each part times both sides in turns and prints the median of each and the median of the
ratios, pair by pair: machines are noisy, and a ratio in one run drifts least.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
ARCHC = Path(sys.executable).with_name("archc")


def paired(
    name: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    aim: str,
    turns: int = 7,
    clock: Callable[[], float] = time.perf_counter,
) -> None:
    """Print one row: the medians of both sides and of their ratios; each goes first in turns."""
    ours()
    theirs()
    pairs: list[tuple[float, float]] = []
    for turn in range(turns):
        sides = (ours, theirs) if turn % 2 else (theirs, ours)
        seconds = [timed(side, clock) for side in sides]
        pairs.append((seconds[0], seconds[1]) if turn % 2 else (seconds[1], seconds[0]))
    ratio = statistics.median(a / b for a, b in pairs)
    left, right = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(
        f"{name:<58} {left * 1e3:10.1f} ms {right * 1e3:10.1f} ms  {ratio:6.3f}  {aim}", flush=True
    )


def timed(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the seconds an action takes by a clock."""
    start = clock()
    action()
    return clock() - start


def process(*command: str) -> Callable[[], object]:
    """Return an action that runs a command as a whole process, as one runs what is installed.

    pip compiles what it installs. Here the first run does, whatever the shell forbids.
    """
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return lambda: subprocess.run(command, check=True, capture_output=True, env=environment)


def cold() -> None:
    """`archc check` as a whole process against importing torch."""
    paired(
        "archc check resnet152 / python -c 'import torch'",
        process(str(ARCHC), "check", "resnet152"),
        process(sys.executable, "-c", "import torch"),
        "aim ≤ 0.15",
    )


def warm() -> None:
    """A check in process against a forward on the meta device."""
    import torch
    import torchvision

    import archc

    with torch.device("meta"):
        model = torchvision.models.resnet152().eval()
        image = torch.zeros(1, 3, 224, 224)

    def forward() -> object:
        with torch.no_grad():
            return model(image)

    paired(
        "check of resnet152 in process / its forward on meta",
        lambda: archc.check(ROOT / "specs/resnet.yaml", variant="resnet152"),
        forward,
        "aim ≤ 0.25",
        turns=15,
    )


def load() -> None:
    """Loading without random numbers against torchvision's constructor."""
    import torchvision

    import archc

    paired(
        "archc.load('vgg16', init=False) / torchvision's vgg16()",
        lambda: archc.load("vgg16", init=False),
        torchvision.models.vgg16,
        "aim ≤ 0.1",
        turns=3,
    )


def forward() -> None:
    """A loaded model's forward against torchvision's module, and the operators each runs.

    The clock is the processor's, of one thread: it counts no other process's time.
    """
    import torch
    import torchvision

    import archc

    torch.set_num_threads(1)
    image = torch.randn(2, 3, 224, 224)
    for name, options in (
        ("resnet50", {}),
        ("googlenet", {"init_weights": False, "transform_input": False}),
    ):
        theirs = getattr(torchvision.models, name)(weights=None, **options).eval()
        ours = archc.load(name, weights=theirs.state_dict()).eval()
        with torch.inference_mode():
            paired(
                f"forward of {name}, 2 pictures / torchvision's",
                lambda ours=ours: ours(image),
                lambda theirs=theirs: theirs(image),
                "aim 1.00",
                turns=15,
                clock=time.process_time,
            )
            same = torch.equal(ours(image), theirs(image))
        counts = (len(operators(ours, image)), len(operators(theirs, image)))
        print(
            f"  equal outputs: {same}; operators run: {counts[0]} and torchvision's {counts[1]}",
            flush=True,
        )


def operators(model: object, image: object) -> list[str]:
    """Return the names of the operators a forward runs, in order; in-place ones by their base."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    found: list[str] = []

    class Recorder(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            found.append(str(func).split(".")[1].rstrip("_"))
            return func(*args, **(kwargs or {}))

    with torch.no_grad(), Recorder():
        model(image)  # type: ignore[operator]
    return found


def scale() -> None:
    """Check time against the number of layers: of the processor, and as calls of functions."""
    import archc

    for count in (100, 1_000, 9_900):
        body = "".join(f"  - Linear({8 + i % 3})\n" for i in range(count))
        text = f"archc: 1\nname: deep\ninputs:\n  x: [B, 8]\nmodel:\n{body}"

        def check(text: str = text) -> object:
            return archc.check(text=text)

        check()  # the first one imports what the others find
        calls = calls_of(check)
        seconds = min(timed(check, time.process_time) for _ in range(5))
        print(
            f"check of {count:>6,} layers: {seconds * 1e3:8.1f} ms, "
            f"{seconds / count * 1e6:6.1f} µs and {calls / count:6.1f} calls a layer"
        )


def calls_of(action: Callable[[], object]) -> int:
    """Return how many functions an action calls: the work that no other process disturbs."""
    count = 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


PARTS = {"cold": cold, "warm": warm, "load": load, "forward": forward, "scale": scale}


def main() -> None:
    """Run the parts named on the command line, or all."""
    print(f"{'ours / theirs':<58} {'ours':>13} {'theirs':>13}  {'ratio':>6}")
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
