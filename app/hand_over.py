"""The hand-over of a gateway: what it must be told, as text and as QR code."""

import io

import segno

from domain.credentials import HandOver
from domain.sensors import Gateway
from domain.topics import base_of

#: an error level that a print with a fold or a drop of rain still meets
_QR_ERROR = "m"


def hand_over(
    gateway: Gateway, secret: str, url: str, made_at_ns: int, old_until_ns: int | None = None
) -> HandOver:
    """Put together what a gateway must be told.

    Parameters
    ----------
    url
        Address of the broker as gateways reach it.

    """
    base = base_of(gateway.shard, gateway.id)
    text = "".join(
        f"{name}={value}\n"
        for name, value in (
            ("GATEWAY_URL", url),
            ("GATEWAY_ID", gateway.id),
            ("GATEWAY_SECRET", secret),
            ("GATEWAY_BASE", base),
        )
    )
    code = segno.make(text, error=_QR_ERROR, micro=False)
    png = io.BytesIO()
    code.save(png, kind="png", scale=6, border=4)
    svg = io.BytesIO()
    code.save(svg, kind="svg", border=4, omitsize=True, xmldecl=False, nl=False)
    return HandOver(
        gateway_id=gateway.id,
        name=gateway.name,
        secret=secret,
        base=base,
        url=url,
        text=text,
        qr_svg=svg.getvalue().decode(),
        qr_png=png.getvalue(),
        made_at_ns=made_at_ns,
        old_until_ns=old_until_ns,
    )


def terminal_qr(text: str) -> str:
    """Draw a QR code in characters, for a terminal with dark or light ground."""
    out = io.StringIO()
    segno.make(text, error=_QR_ERROR, micro=False).terminal(out, border=2, compact=True)
    return out.getvalue()
