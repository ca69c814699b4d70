"""Who may call a route: every route declares it, and one function answers."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from api.caller_middleware import COOKIE
from api.problem import NotLoggedIn
from api.sight import Sight
from domain import access
from domain.access import Caller
from domain.errors import Forbidden
from domain.services import Services

#: only for the OpenAPI document: the middleware has looked already
_cookie = APIKeyCookie(name=COOKIE, scheme_name="session", auto_error=False)
_bearer = HTTPBearer(scheme_name="key", auto_error=False)

#: what a route declares that only wants to know who asks
SELF = "self"


class Permission:
    """A dependency that lets a caller through who may do `action`, and says who it is.

    Parameters
    ----------
    action
        As in `domain.access.ACTIONS`, or `self`: whoever is logged in, about themselves.

    """

    def __init__(self, action: str) -> None:
        self.action = action

    def __call__(
        self,
        request: Request,
        _: Annotated[object, Depends(_cookie)],
        __: Annotated[object, Depends(_bearer)],
    ) -> Caller:
        """Tell who asks.

        Raises
        ------
        NotLoggedIn
            When nobody is known.
        Forbidden
            When the caller's role does not do this at all.

        """
        caller: Caller | None = request.state.caller
        if caller is None:
            raise NotLoggedIn
        if self.action != SELF and not access.may(caller, self.action):
            raise Forbidden(f"role {caller.role.value!r} may not do {self.action!r}")
        return caller


def may(action: str) -> Permission:
    """Declare what a route's caller must be allowed to do."""
    if action != SELF and not any(action in actions for actions in access.ACTIONS.values()):
        raise ValueError(f"action must be one that some role has, got {action!r}")
    return Permission(action)


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _sight(request: Request) -> Sight:
    sight: Sight = request.app.state.sight
    return sight


#: a route's parameter of this type is given the services of the application
Given = Annotated[Services, Depends(_services)]
#: and one of this type knows what each caller may see
Seen = Annotated[Sight, Depends(_sight)]
