"""Routines for kinds of targets: one a folder, with its op, its tables, its calls and its C.

`skconv.codegen.routines.base` says what a routine offers, `skconv.codegen.routines.registry` lists
them all.
"""
