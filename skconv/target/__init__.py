"""What code is built for, and what a graph costs there: cores, chips, memory, operations."""
