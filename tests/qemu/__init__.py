"""A bench for generated C: build for Cortex-M, run under QEMU, count instructions."""
