"""How hosts and origins are written: what is loopback, and when two origins are the same."""

from __future__ import annotations

import re
from ipaddress import ip_address

DEFAULT_PORTS = {"http": "80", "ws": "80", "https": "443", "wss": "443"}
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^\s/?#@:\[\],]+)(?::(\d{1,5}))?")


def is_loopback(host: str) -> bool:
    """`host` is `localhost` or a literal loopback address, IPv6 with or without brackets."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def normalize_origin(origin: str) -> str:
    """`origin` as browsers write it: lower case, no default port, no slash at the end.

    Raises ValueError for anything but scheme://host[:port]; `*` and `null` too, as any page can
    have the origin `null`.
    """
    match = _ORIGIN.fullmatch(origin.strip().lower().removesuffix("/"))
    if match is None:
        raise ValueError(f"{origin!r} is not scheme://host[:port]")
    scheme, host, port = match.groups()
    if port is None or port == DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{port}"
