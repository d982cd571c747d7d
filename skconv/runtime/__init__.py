"""Ways to run a graph: plain numpy, torch, the integer definition, the compiled C."""

from skconv.runtime import nested as nested  # registers an op that two runtimes share
