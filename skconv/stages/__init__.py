"""Stages without their kernels: windows, nonlinearity, pooling."""
