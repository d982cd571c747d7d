"""Functions from graph to graph: fold, calibrate, quantize."""
