"""The limits of what archc reads: each holds, and one past it is refused."""
