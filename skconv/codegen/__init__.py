"""From a graph to C: the choice of routines, and the text."""
