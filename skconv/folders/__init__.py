"""Samples out of a folder with a subfolder for each class: images, sounds, signals."""

from skconv.folders.load import load_folder

__all__ = ["load_folder"]
