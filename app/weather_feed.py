"""The job `weather`: asks a weather service for its newest rows and writes down what is new."""

import time
from urllib.parse import urlsplit

import httpx2
import structlog

from app.jobs import Under
from domain.clock import HOUR_NS
from domain.context_import import preview
from domain.contexts import ContextKind, ContextStore
from domain.errors import InvalidInput
from domain.jobs import CatchUp, Timetable
from domain.services import SheetReader

log = structlog.get_logger()

JOB = "weather"
EVERY_HOUR = Timetable(HOUR_NS, catch_up=CatchUp.LATEST)
BYTES_MAX = 5_000_000
TIMEOUT_S = 20.0


class WeatherFeed:
    """Reads CSV over HTTP; a row that is there already is kept as it is.

    Parameters
    ----------
    url
        Where the table is; not shown in full, since a key may stand in its query.
    name
        Who says so, in each row.

    """

    def __init__(
        self, url: str, name: str, contexts: ContextStore, read_sheet: SheetReader
    ) -> None:
        self._url, self._name = url, name
        self._contexts, self._read_sheet = contexts, read_sheet
        self.shown = urlsplit(url).hostname or ""

    def work(self, under: Under) -> str:
        """Ask once.

        Raises
        ------
        InvalidInput
            When the service refuses or answers no table of weather; it is asked again in an hour.

        """
        under.check()
        rows = self._read_sheet("weather.csv", self._answer())
        found = preview(rows, self._name)
        if found.problems:
            first = found.problems[0]
            raise InvalidInput(
                f"{self.shown}: row {first.row}, column {first.column!r}: {first.message_en}"
            )
        weather = [event for event in found.events if event.kind is ContextKind.WEATHER]
        new = self._contexts.add(weather, self._name) if weather else 0
        return f"{new} new rows of {found.rows} from {self.shown}"

    def _answer(self) -> bytes:
        body = bytearray()
        until = time.monotonic() + TIMEOUT_S
        try:
            with (
                httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
                client.stream("GET", self._url, headers={"Accept": "text/csv"}) as answer,
            ):
                if answer.status_code != 200:
                    raise InvalidInput(f"{self.shown} answered {answer.status_code}, wanted 200")
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > BYTES_MAX:
                        raise InvalidInput(f"{self.shown} answered more than {BYTES_MAX} bytes")
                    if time.monotonic() > until:
                        raise InvalidInput(f"{self.shown} took longer than {TIMEOUT_S:.0f} s")
        except httpx2.HTTPError as error:
            raise InvalidInput(f"{self.shown} cannot be reached: {type(error).__name__}") from error
        return bytes(body)
