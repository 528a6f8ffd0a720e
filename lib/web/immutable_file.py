"""Responses with a file that never changes, since its address contains the hash of its bytes."""

from http import HTTPStatus

from starlette.datastructures import Headers

from lib.framework import Response

MEDIA_TYPE = "application/json; charset=utf-8"
"""Media type of the file. Its charset keeps `StrictRoute` from adding `warnings` to the file."""
CACHE_CONTROL = "private, max-age=31536000, immutable"
"""A browser keeps the file for a year (RFC 8246); caches that several users share do not."""


def response(request_headers: Headers, sha256: str, body: bytes, compressed: bytes) -> Response:
    """Return the file, compressed if the client reads gzip, or 304 if the client has it.

    Args:
        request_headers: Headers of the request.
        sha256: Hash of the file, which is its entity tag.
        body: The file, JSON in UTF-8.
        compressed: The same in gzip format.
    """
    tag = f'"{sha256}"'
    headers = {"Cache-Control": CACHE_CONTROL, "ETag": tag, "Vary": "Accept-Encoding"}
    if tag in request_headers.get("if-none-match", ""):  # as a weak tag, W/"…", too (RFC 9110)
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if not _reads_gzip(request_headers.get("accept-encoding", "")):
        return Response(body, headers=headers, media_type=MEDIA_TYPE)
    headers["Content-Encoding"] = "gzip"
    return Response(compressed, headers=headers, media_type=MEDIA_TYPE)


def _reads_gzip(accept_encoding: str) -> bool:
    """Return whether an `Accept-Encoding` has gzip with a weight above 0 (RFC 9110, 12.5.3)."""
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight.rstrip("0") not in {"0.", "0"} and weight != "0"
    return False
