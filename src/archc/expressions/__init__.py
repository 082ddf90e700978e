"""The small expression language of a spec: its syntax tree, parser, values and printed form."""
