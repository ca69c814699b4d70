"""Lists in pages: at most `limit` rows, and a cursor when there are more."""

from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from api.fields import DIGITS
from domain.ports import Page

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=1000, description="rows in a page"), DIGITS]
After = Annotated[
    str,
    Query(
        pattern=r"^[A-Za-z0-9._:~-]{0,64}$",
        description="`next` of the page before; empty for the first page",
    ),
]
#: of lists in the order of a file: cursors are its numbers
AfterStep = Annotated[
    str,
    Query(
        pattern=r"^[0-9]{0,18}$", description="`next` of the page before; empty for the first page"
    ),
]


class PageOf(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(
        default=None, description="cursor of the next page; null when this is the last one"
    )


def one_more(limit: int, after: str) -> Page:
    """Ask for one row more than the page has: it tells whether there is a next page."""
    return Page(limit + 1, after)
