"""Helpers that know nothing of graphs: text tables, progress, and shared parts of `fit`."""
