"""Cores and chips, and what a graph costs on them: memory and operations."""
