"""One artefact a file, made from the graph or its tables."""
