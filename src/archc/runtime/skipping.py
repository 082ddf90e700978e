"""Making modules without drawing random numbers."""

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


def skip_random_numbers() -> Any:
    """Return a context in which filling a tensor with random numbers leaves it as it is.

    Fills that are not random (zeros, ones, constants) happen as always, so masks and running
    statistics are right.
    """
    from torch.overrides import TorchFunctionMode

    class SkipRandomNumbers(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if getattr(func, "__name__", "") in RANDOM_FILLS:
                return args[0] if args else kwargs["tensor"]
            return func(*args, **(kwargs or {}))

    return SkipRandomNumbers()
