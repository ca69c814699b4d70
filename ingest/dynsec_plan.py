"""What mosquitto's accounts must be, and the commands that make them so."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.credentials import FROM_ANJU, GatewayCredential
from domain.sensors import Gateway
from domain.topics import VERSION, base_of

Command = dict[str, Any]

#: role of a gateway: this and its id; accounts with such a role are ours, others are left alone
ROLE = "anju-gateway-"


def rules(gateway: Gateway) -> list[Command]:
    """List what a gateway may do: publish under its base, but not as Anju; read what Anju says."""
    base = base_of(gateway.shard, gateway.id)
    return [
        {
            "acltype": "publishClientSend",
            "topic": f"{base}/{what}",
            "priority": 10,
            "allow": False,
        }
        for what in FROM_ANJU
    ] + [
        {"acltype": "publishClientSend", "topic": f"{base}/#", "priority": 0, "allow": True},
        *(
            {
                "acltype": "subscribeLiteral",
                "topic": f"{base}/{what}",
                "priority": 0,
                "allow": True,
            }
            for what in FROM_ANJU
        ),
    ]


def ingest_rules() -> list[Command]:
    """List what ingest may do: read all that gateways say, and answer them."""
    everything = f"anju/{VERSION}/#"
    return [
        *(
            {
                "acltype": "publishClientSend",
                "topic": f"anju/{VERSION}/+/+/{what}",
                "priority": 0,
                "allow": True,
            }
            for what in FROM_ANJU
        ),
        {"acltype": "subscribePattern", "topic": everything, "priority": 0, "allow": True},
    ]


def control_rules() -> list[Command]:
    """List what the account that keeps the others may do: use the control topic."""
    return [
        {"acltype": kind, "topic": "$CONTROL/dynamic-security/#", "priority": 0, "allow": True}
        for kind in ("publishClientSend", "publishClientReceive", "subscribePattern")
    ]


def give(gateway: Gateway, secret: str, credential_id: str) -> list[list[Command]]:
    """Write the commands that let a gateway in with a secret, in two tries for each thing.

    Whether a role or account is there is not known: the first form makes it, and fails when it
    is there; the second changes it.

    Parameters
    ----------
    credential_id
        Kept with the account, so that it can be seen which secret the broker knows.

    """
    role = f"{ROLE}{gateway.id}"
    account = {
        "username": gateway.id,
        "password": secret,
        # with another's client id it would end their connection and take over their session
        "clientid": gateway.id,
        "textname": credential_id,
        "roles": [{"rolename": role, "priority": 0}],
    }
    body = {"rolename": role, "acls": rules(gateway)}
    return [
        [{"command": "createRole", **body}, {"command": "modifyRole", **body}],
        [
            {"command": "createClient", **account},
            # it may have been shut by hand, and a secret is made to be used
            {"command": "modifyClient", **account},
            {"command": "enableClient", "username": gateway.id},
        ],
    ]


def take(gateway_id: str) -> list[Command]:
    """Write the commands that shut a gateway out and end its connection."""
    return [
        {"command": "deleteClient", "username": gateway_id},
        {"command": "deleteRole", "rolename": f"{ROLE}{gateway_id}"},
    ]


def plan(
    wanted: Mapping[str, tuple[Gateway, GatewayCredential]],
    clients: Iterable[Command],
    roles: Iterable[Command],
) -> tuple[list[Command], list[str]]:
    """Compare what shall be with what is.

    Parameters
    ----------
    wanted
        Every gateway that may connect, with its newest valid secret.
    clients, roles
        As the broker lists them.

    Returns
    -------
    commands
        They shut out who may not connect and mend rules and client ids.
    without_secret
        Gateways for which the broker does not know the newest secret. Only its hash is kept, so
        that nothing but a new secret helps.

    """
    commands: list[Command] = []
    known = {role["rolename"]: role.get("acls", []) for role in roles}
    for gateway, _ in wanted.values():
        role = f"{ROLE}{gateway.id}"
        body = {"rolename": role, "acls": rules(gateway)}
        if role not in known:
            commands.append({"command": "createRole", **body})
        elif _sorted(known[role]) != _sorted(body["acls"]):
            commands.append({"command": "modifyRole", **body})
    accounts: dict[str, Command] = {}
    for client in clients:
        held = {role["rolename"] for role in client.get("roles", [])}
        name = client["username"]
        accounts[name] = client
        if not any(role.startswith(ROLE) for role in held):
            continue
        if name not in wanted:
            commands.append({"command": "deleteClient", "username": name})
            continue
        own = f"{ROLE}{name}"
        # with the role of another it could speak for them
        commands += [
            {"command": "removeClientRole", "username": name, "rolename": role}
            for role in sorted(held - {own})
        ]
        if own not in held:
            commands.append({"command": "addClientRole", "username": name, "rolename": own})
        if client.get("clientid") != name:
            commands.append({"command": "setClientId", "username": name, "clientid": name})
    ours = {f"{ROLE}{gateway_id}" for gateway_id in wanted}
    commands += [
        {"command": "deleteRole", "rolename": role}
        for role in sorted(known)
        if role.startswith(ROLE) and role not in ours
    ]
    without = [
        gateway_id
        for gateway_id, (_, credential) in sorted(wanted.items())
        if accounts.get(gateway_id, {}).get("textname") != credential.id
    ]
    return commands, without


def _sorted(acls: Any) -> list[tuple[str, str, int, bool]]:
    return sorted(
        (acl["acltype"], acl["topic"], acl.get("priority", 0), acl["allow"]) for acl in acls
    )
