"""Whose requests are counted together where a client's rate is limited."""

from __future__ import annotations

import ipaddress

from fastapi import Request

# One household has so many leading bits of an IPv6 address in common (RFC 6177 suggests 48 to 64).
_IPV6_PREFIX = 64


def network_of(request: Request) -> str:
    """The client's IPv4 address, or the network of its IPv6 address; empty if it is not known."""
    address = request.client.host if request.client else ""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, _IPV6_PREFIX), strict=False)) if ip.version == 6 else address
