"""What gateways log in with: made, replaced and revoked here; a secret is shown once."""

import base64
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from api.fields import WHOLE, At, Flag, In, Name, Out, PathId
from api.permission import Given, Seen, may
from api.problem import problems
from api.sight import Sight
from domain.access import Caller
from domain.credentials import OVERLAP_S_MAX, GatewayCredential, HandOver
from domain.errors import Forbidden

router = APIRouter(prefix="/gateways/{gateway_id}/credential", tags=["gateways"])


class RotateIn(In):
    """How a secret is to be replaced."""

    overlap_s: Annotated[int, Field(ge=0, le=OVERLAP_S_MAX), WHOLE] = Field(
        default=86_400, description="how long at most the old secret goes on being valid, seconds"
    )
    until_used: Flag = Field(
        default=True, description="the old secret ends earlier, when the new one is first used"
    )


class RevokeIn(In):
    """Why a gateway is shut out."""

    reason: Name


class CredentialOut(Out):
    """One secret; its text is not kept."""

    id: str
    prefix: str = Field(description="how the secret begins")
    made_at: At = Field(validation_alias="made_at_ns")
    made_by: str
    last_used_at: At | None = Field(
        validation_alias="last_used_at_ns",
        description="to the minute; empty also when the broker does not ask Anju",
    )
    ends_at: At | None = Field(validation_alias="ends_at_ns")
    revoked_at: At | None = Field(validation_alias="revoked_at_ns")
    revoked_by: str
    reason: str
    valid: bool = False

    @classmethod
    def of(cls, credential: GatewayCredential, valid: bool) -> "CredentialOut":
        """Show a secret's state."""
        shown = cls.model_validate(credential)
        shown.valid = valid
        return shown


class HandOverOut(Out):
    """All that a gateway needs to connect; it is shown this once."""

    gateway_id: str = Field(description="also the name to log in with, and the client id")
    secret: str = Field(description="the password")
    base: str = Field(description="base topic")
    url: str = Field(description="address of the broker")
    text: str = Field(description="the same as lines of a settings file")
    qr_svg: str = Field(description="the text as a QR code, SVG")
    qr_png: str = Field(description="the same as PNG, base64")
    made_at: At = Field(validation_alias="made_at_ns")
    old_valid_until: At | None = Field(
        validation_alias="old_until_ns", description="empty: no older secret is valid any more"
    )

    @classmethod
    def of(cls, given: HandOver) -> "HandOverOut":
        """Show a hand-over."""
        return cls.model_validate(
            {
                "gateway_id": given.gateway_id,
                "secret": given.secret,
                "base": given.base,
                "url": given.url,
                "text": given.text,
                "qr_svg": given.qr_svg,
                "qr_png": base64.b64encode(given.qr_png).decode(),
                "made_at_ns": given.made_at_ns,
                "old_until_ns": given.old_until_ns,
            }
        )


@router.get("", responses=problems(401, 403, 404, 422, 503))
def read_credentials(
    gateway_id: PathId,
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("credentials:write"))],
) -> list[CredentialOut]:
    """List a gateway's secrets and their state, newest first."""
    _own(sight, who, gateway_id)
    held = services.provisioning.credentials(gateway_id)
    ids = {one.id for one in services.provisioning.valid(held)}
    return [CredentialOut.of(one, one.id in ids) for one in reversed(held)]


@router.post("", status_code=201, responses=problems(401, 403, 404, 409, 422, 503))
def make_credential(
    gateway_id: PathId,
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("credentials:write"))],
) -> HandOverOut:
    """Make a gateway's first secret and show it, this once."""
    _own(sight, who, gateway_id)
    return HandOverOut.of(services.provisioning.make(gateway_id, who.name))


@router.post("/rotate", status_code=201, responses=problems(400, 401, 403, 404, 409, 413, 422, 503))
def rotate_credential(
    gateway_id: PathId,
    body: RotateIn,
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("credentials:write"))],
) -> HandOverOut:
    """Replace a gateway's secret and show the new one, this once."""
    _own(sight, who, gateway_id)
    given = services.provisioning.rotate(
        gateway_id, who.name, body.overlap_s, until_used=body.until_used
    )
    return HandOverOut.of(given)


@router.post("/revoke", status_code=204, responses=problems(400, 401, 403, 404, 409, 413, 422, 503))
def revoke_credential(
    gateway_id: PathId,
    body: RevokeIn,
    services: Given,
    sight: Seen,
    who: Annotated[Caller, Depends(may("credentials:write"))],
) -> None:
    """Refuse a gateway within seconds, on connections that are open too."""
    _own(sight, who, gateway_id)
    services.provisioning.revoke(gateway_id, who.name, body.reason)


def _own(sight: Sight, who: Caller, gateway_id: str) -> None:
    """Let only those through in whose part of the city the whole gateway is."""
    sight.gateway(who, gateway_id)
    seen = sight.buildings(who)
    if seen is not None and not sight.served_by(gateway_id) <= seen:
        raise Forbidden(f"gateway {gateway_id!r} also serves other parts of the city")
