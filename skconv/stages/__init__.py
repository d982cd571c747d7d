"""What a stage is, apart from where its kernels come from: windows, nonlinearity, pooling."""
