"""Kinds of layer: one file each, found by its ``KIND``."""
