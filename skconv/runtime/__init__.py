"""Ways to run a graph: plain numpy, torch, the integer definition, the compiled C."""
