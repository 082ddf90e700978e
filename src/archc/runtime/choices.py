"""What a caller chooses of torch's own: a device, a floating-point type, a seed."""

from typing import TYPE_CHECKING, cast

from archc.diagnostics.render import excerpt
from archc.given import CallError, not_of_type

if TYPE_CHECKING:
    import torch

SEEDS = range(-(2**63), 2**64)
"""The seeds that torch takes."""


def usable_device(device: "str | torch.device | None") -> "torch.device | None":
    """Return a device on which a tensor can be made.

    Raises:
        CallError: there is no such device, here or at all.
    """
    if device is None:
        return None
    import torch

    if not isinstance(cast("object", device), (str, torch.device)):
        raise CallError(f"a device is a name or torch's own, {not_of_type(device)}")
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError, TypeError, ImportError) as error:
        reason = str(error).split("\n")[0]
        raise CallError(
            f"the device `{excerpt(str(device))}` cannot be used here: {reason}"
        ) from None
    return found


def floating_type(dtype: "str | torch.dtype | None") -> "torch.dtype | None":
    """Return torch's floating-point type, which may be given by its name.

    Raises:
        CallError: it is none.
    """
    if dtype is None:
        return None
    import torch

    names = {
        "float16": torch.float16,
        "bfloat16": torch.bfloat16,
        "float32": torch.float32,
        "float64": torch.float64,
    }
    found = names.get(dtype.removeprefix("torch.")) if isinstance(dtype, str) else dtype
    if not isinstance(cast("object", dtype), (str, torch.dtype)):
        raise CallError(f"a dtype is a name or torch's own, {not_of_type(dtype)}")
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        known = ", ".join(names)
        raise CallError(f"dtype is a floating-point type, {known}; `{excerpt(str(dtype))}` is none")
    return found


def check_seed(seed: object) -> None:
    """Refuse a seed that torch would.

    Raises:
        CallError: it is no integer of 64 bits.
    """
    if type(seed) is not int:
        shown = repr(seed)[:80] if isinstance(seed, (str, float)) else type(seed).__name__
        raise CallError(f"a seed is an integer of 64 bits, not {shown}")
    if seed not in SEEDS:
        raise CallError(f"a seed is an integer of 64 bits, from {SEEDS[0]} to {SEEDS[-1]}")
