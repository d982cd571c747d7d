"""From a graph to C text: what is printed, and which routines are taken."""
