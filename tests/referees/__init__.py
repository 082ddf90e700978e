"""Rows that others wrote or chance drew, judged by torch on the CPU: accepted, refused, shapes."""
