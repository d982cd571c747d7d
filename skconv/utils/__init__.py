"""Helpers that know nothing of graphs: tables of text, progress, and what fits share."""
