"""A recording as an answer, whole or the part of it that a player asks for (RFC 9110, section 14)."""

import re

from starlette.responses import Response

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_HEADERS = {"Cache-Control": "private", "Accept-Ranges": "bytes"}


def recording_answer(sound: bytes, asked: str) -> Response:
    """`sound` (FLAC), or the one range that the header `asked` names; 416 where there is nothing of it.

    A header that is none, or names several ranges, is left out of account, as the standard allows.
    """
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not any(found.groups()):
        return Response(sound, media_type="audio/flac", headers=_HEADERS)
    first, last = _span(found[1], found[2], len(sound))
    if first >= len(sound) or last < first:
        return Response(status_code=416, headers={**_HEADERS, "Content-Range": f"bytes */{len(sound)}"})
    headers = {**_HEADERS, "Content-Range": f"bytes {first}-{last}/{len(sound)}"}
    return Response(sound[first : last + 1], 206, media_type="audio/flac", headers=headers)


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte; without a first one, the last so many."""
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
