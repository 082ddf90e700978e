"""Making modules without drawing random numbers."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

RANDOM_FILLS = frozenset(
    {
        "bernoulli_",
        "exponential_",
        "kaiming_normal_",
        "kaiming_uniform_",
        "normal_",
        "orthogonal_",
        "random_",
        "sparse_",
        "trunc_normal_",
        "uniform_",
        "xavier_normal_",
        "xavier_uniform_",
    }
)
_LOCK = threading.RLock()


@contextmanager
def skip_random_numbers() -> Generator[None, None, None]:
    """Leave tensors as they are where they would be filled with random numbers.

    Fills that are not random (zeros, ones, constants) happen as always, so masks and running
    statistics are right. The functions of `torch.nn.init` are replaced as a whole while this
    lasts: some of them draw until the numbers suit, and would never end.
    """
    from torch.nn import init
    from torch.overrides import TorchFunctionMode

    class SkipRandomNumbers(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if getattr(func, "__name__", "") in RANDOM_FILLS:
                return args[0] if args else kwargs["tensor"]
            return func(*args, **(kwargs or {}))

    with _LOCK, SkipRandomNumbers():
        replaced = {name: vars(init)[name] for name in RANDOM_FILLS if name in vars(init)}
        try:
            for name in replaced:
                setattr(init, name, _unchanged)
            yield
        finally:
            for name, function in replaced.items():
                setattr(init, name, function)


def _unchanged(tensor: Any, *_arguments: Any, **_keywords: Any) -> Any:
    return tensor
