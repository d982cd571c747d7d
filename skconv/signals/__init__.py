"""Signals: extractors of features along time."""
