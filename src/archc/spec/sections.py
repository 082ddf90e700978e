"""The keys of a spec file."""

KEYS = (
    "archc",
    "name",
    "doc",
    "import",
    "python",
    "params",
    "variants",
    "inputs",
    "blocks",
    "model",
    "outputs",
    "init",
    "tie",
    "expect",
    "allow",
    "meta",
)
"""The keys of a file, in the order in which they usually stand."""
REQUIRED = ("archc", "name", "inputs", "model")
