"""Limits within which a model is read."""

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much a file, and the process that reads it, may take.

    Parameters
    ----------
    file_bytes_max
        Of an upload, and of what a zip file holds.
    zip_members_max, zip_ratio_max
        Files in a zip file; unpacked over packed bytes.
    memory_bytes_max
        Address space of a reading process.
    index_wall_s, mesh_wall_s, mesh_wall_s_per_mb
        Time for the index; for the shapes, and more of it for each MB of the file.
    element_wall_s, fallback_wall_s
        Time of the slow kernel for one element, and for all of them together.
    result_bytes_max
        Of what a reading process hands back as JSON.
    written_bytes_max
        Of any file that it writes.
    nice
        How far it stands back behind everything else.

    """

    file_bytes_max: int = 256 * MB
    zip_members_max: int = 64
    zip_ratio_max: float = 100.0
    memory_bytes_max: int = 3 * 2**30
    index_wall_s: float = 25.0
    mesh_wall_s: float = 15.0
    mesh_wall_s_per_mb: float = 2.0
    element_wall_s: float = 3.0
    fallback_wall_s: float = 10.0
    result_bytes_max: int = 128 * MB
    written_bytes_max: int = 512 * MB
    nice: int = 10
