"""A fresh records file, copied from one that was migrated once in the process."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from domain.clock import Clock
from storage.records import Records, open_records


@cache
def migrated_file() -> Path:
    """Make the file that others are copied from: to migrate takes longer than most tests."""
    folder = Path(tempfile.mkdtemp(prefix="anju-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_records(f"sqlite:///{folder / 'records.db'}").close()
    return folder / "records.db"


def fresh_records(file: Path, clock: Clock | None = None) -> Records:
    """Open a records database in a file that is not there yet."""
    if file.exists():
        raise FileExistsError(f"{file} holds records already: open it with open_records")
    shutil.copyfile(migrated_file(), file)
    return open_records(f"sqlite:///{file}", clock=clock)
