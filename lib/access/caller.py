"""The caller's address, as the platform reports it."""

import hashlib
import ipaddress

from lib.framework import Request
from lib.settings import Platform, Settings


def caller_address(request: Request, settings: Settings) -> str:
    """Return the caller's address, for IPv6 its /64 network; empty if it is not known.

    It comes from the platform; headers that a caller can set are ignored.
    """
    real_ip = request.headers.get("x-real-ip") if settings.platform is Platform.VERCEL else None
    text = real_ip or (request.client.host if request.client else "")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv4Address):
        return text
    if address.ipv4_mapped is not None:  # how a socket for IPv4 and IPv6 reports an IPv4 address
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def address_digest(request: Request, settings: Settings) -> str:
    """Return the SHA-256 digest of the caller's address, in hexadecimal digits."""
    return hashlib.sha256(caller_address(request, settings).encode()).hexdigest()
