"""Versions of what is made of a file and kept under its hash; raised when that would differ."""

#: of `ModelIndex` as it is read from a file
INDEX_VERSION = 1
#: of the GLB, boxes and hashes of shapes
MESH_VERSION = 2
