"""Column types that turn the records' own types into what both databases keep."""

from enum import IntEnum, StrEnum
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Integer, SmallInteger, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

#: text compared by code point on both databases, so that ids sort and page alike
PLAIN = Text().with_variant(Text(collation="C"), "postgresql")

#: a number that the database hands out; SQLite does that for INTEGER only
ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")


class Words(TypeDecorator[StrEnum]):
    """A `StrEnum` as its text."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """Write the text."""
        return None if value is None else str(self.words(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read the text."""
        return None if value is None else self.words(value)


class Steps(TypeDecorator[IntEnum]):
    """An `IntEnum` as its number, so that the database can sort and compare it."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, steps: type[IntEnum]) -> None:
        super().__init__()
        self.steps = steps

    def process_bind_param(self, value: IntEnum | None, dialect: Dialect) -> int | None:
        """Write the number."""
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Any:
        """Read the number."""
        return None if value is None else self.steps(value)


class Nested(TypeDecorator[Any]):
    """Nested tuples and records as JSON text.

    Parameters
    ----------
    shape
        Type that is read back, such as `tuple[Contribution, ...]`.

    """

    impl = Text
    cache_ok = True

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape
        self._decoder = msgspec.json.Decoder(shape)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write JSON."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read JSON."""
        return None if value is None else self._decoder.decode(value)
