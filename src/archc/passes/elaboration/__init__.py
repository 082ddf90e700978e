"""The parts of the elaborator: nodes, scopes, stages, lines."""
