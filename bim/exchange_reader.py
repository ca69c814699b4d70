"""Runs the exchange's tasks in child processes with the limits of every model that is read."""

from pathlib import Path

import msgspec

from bim.exchange_tasks import EXPORT, FACTS, FITNESS, OWN_IDS, TOPICS
from bim.limited import LimitedReader
from bim.limits import MB
from domain.exchange import Fitness, HandOver, TopicFile


class ExchangeReader(LimitedReader):
    """Writes back, checks and reads topics; whatever is in the files, this process goes on."""

    def export(self, upload: Path, scratch: Path, facts: HandOver) -> Path:
        """Write a copy of an IFC file with what Anju knows; gives where it lies.

        Raises
        ------
        ModelRejected
            When the file cannot be read or must not be; says why.

        """
        (scratch / FACTS).write_bytes(msgspec.json.encode(facts))
        self._run("export", upload, scratch, self._wall_s(upload))
        return scratch / EXPORT

    def fitness(self, upload: Path, scratch: Path, ids: bytes | None) -> Fitness:
        """Hold an IFC file against an IDS file; `None`: the shipped one.

        Raises
        ------
        ModelRejected
            When one of the two cannot be read; says why.

        """
        if ids is not None:
            (scratch / OWN_IDS).write_bytes(ids)
        self._run("fitness", upload, scratch, self._wall_s(upload))
        return self._result(scratch / FITNESS, Fitness)

    def topics(self, upload: Path, scratch: Path) -> TopicFile:
        """Read a BCF file; snapshots lie in the scratch folder afterwards.

        Raises
        ------
        ModelRejected
            When it cannot be read or must not be; says why.

        """
        self._run("topics", upload, scratch, self._limits.index_wall_s)
        return self._result(scratch / TOPICS, TopicFile)

    def _wall_s(self, upload: Path) -> float:
        size_mb = upload.stat().st_size / MB
        return self._limits.index_wall_s + self._limits.mesh_wall_s_per_mb * size_mb
