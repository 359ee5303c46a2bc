"""Which of an adapter's media types an answer is written in. Source: RFC 9110, section 12.5.1."""

from __future__ import annotations

from functools import lru_cache

from ...bounds import read_number

_ANY = frozenset({"", "*/*"})
_LONGEST = 1024


def choose(accept: str, media_types: tuple[str, ...]) -> str:
    """The media type that `Accept` prefers: the adapter's first among equals, and also its first if none is accepted.

    Answering in another type than asked for is allowed, and kinder than a 406 to clients that send a careless header. A header that is too
    long to mean anything is not read.
    """
    return _best(accept if len(accept) <= _LONGEST else "", media_types)[0]


def written(media_types: tuple[str, ...]) -> tuple[str, ...]:
    """The media types that an adapter can write: ranges, such as `image/*`, are only read."""
    return tuple(media_type for media_type in media_types if "*" not in media_type) or ("application/octet-stream",)


def is_accepted(accept: str, media_types: tuple[str, ...]) -> bool:
    """Whether `Accept` accepts any of the media types that an adapter writes."""
    return _best(accept if len(accept) <= _LONGEST else "", media_types)[1] > 0


@lru_cache(maxsize=1024)
def _best(accept: str, media_types: tuple[str, ...]) -> tuple[str, float]:
    """The media type that `Accept` prefers, and its quality from 0 to 1."""
    offered = written(media_types)
    if accept in _ANY:
        return offered[0], 1.0
    ranges = [_parse_range(text) for text in accept.lower().split(",")]
    # The first among equals.
    return max(((media_type, _quality(media_type, ranges)) for media_type in offered), key=lambda liked: liked[1])


def _parse_range(text: str) -> tuple[str, float]:
    media_range, *parameters = (part.strip() for part in text.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return media_range, _parse_quality(value.strip())
    return media_range, 1.0


def _parse_quality(text: str) -> float:
    return min(read_number(text, otherwise=0.0), 1.0)


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> float:
    """The quality of the most specific range that fits."""
    kind = media_type.partition("/")[0]
    for candidate in (media_type, f"{kind}/*", "*/*"):
        found = [quality for media_range, quality in ranges if media_range == candidate]
        if found:
            return max(found)
    return 0.0
