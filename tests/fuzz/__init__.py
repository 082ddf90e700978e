"""Fuzzing: harnesses with their oracles, changes of texts, and two drivers, one with atheris."""
