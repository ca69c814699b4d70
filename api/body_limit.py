"""How large a request may be."""

import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problem import problem
from domain.services import Services

BODY_BYTES_MAX = 1_000_000
#: for `multipart/form-data`: tables and files that somebody uploads
UPLOAD_BYTES_MAX = 20_000_000
#: for what an inspector sends in: a form with long notes
FORM_BYTES_MAX = 8_000_000
_FORMS = re.compile(r"/api/v1/check-ups/[^/]+/submissions/[^/]+")
#: where models are uploaded: as much as their desk takes, and what goes around a file
_MODELS = re.compile(r"/api/v1/models/[^/]+/revisions")
_AROUND_BYTES = 100_000


class BodyLimitMiddleware:
    """Answer 413 to a body that is too large, at the latest when it has come that far."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        upload = headers.get("Content-Type", "").lower().startswith("multipart/form-data")
        limit = self._limit(scope["path"], upload=upload)
        detail = f"a body may have {limit:,} bytes"
        announced = headers.get("Content-Length", "")
        # the length that is announced may be missing or wrong: what comes is counted too
        if announced.isdecimal() and len(announced) < 20 and int(announced) > limit:
            await problem(413, detail)(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            if message["type"] == "http.request":
                came += len(message.get("body", b""))
                if came > limit:
                    raise HTTPException(413, detail)
            return message

        await self._app(scope, counted, send)

    def _limit(self, path: str, *, upload: bool) -> int:
        if not upload:
            return FORM_BYTES_MAX if _FORMS.fullmatch(path) else BODY_BYTES_MAX
        if _MODELS.fullmatch(path):
            return self._services.model_desk.file_bytes_max + _AROUND_BYTES
        return UPLOAD_BYTES_MAX
