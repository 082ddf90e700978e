"""Input made to hurt: each piece is run in a process that may take little and leave nothing."""
