"""The largest integers of the types that tensors and sums have."""

INT8_MAX = 2**7 - 1
UINT8_MAX = 2**8 - 1
INT16_MAX = 2**15 - 1
UINT16_MAX = 2**16 - 1
ACCUMULATOR_MAX = 2**31 - 1
