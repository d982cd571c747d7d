"""From a torch module to a graph. Most of its modules import torch."""
