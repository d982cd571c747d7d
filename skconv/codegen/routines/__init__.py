"""Routines for kinds of targets: one a file, with its op, its tables and its calls.

A routine is a `Packed` op: ``fits`` says which ops it can carry out, ``pack`` makes it of
one, and an `emit` prints its calls. `skconv.codegen.specialize` chooses among them.
"""
