"""From YAML text to a `Document`: every line parsed, names not yet resolved."""
