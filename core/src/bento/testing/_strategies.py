"""The strategies that `bento.testing.strategies` offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ..payload import Payload, quoted
from ..tag import Tag
from ._bodies import CHARSETS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike, NDArray

    from ..artifact import JSON

_INTEGERS = st.integers(-(2**63), 2**64 - 1)
_FINITE = st.floats(allow_nan=False, allow_infinity=False)
# Source: RFC 9110, section 5.6.2 (token); lower case, as a payload has it.
_WORDS = st.from_regex(r"[!#$%&'*+.^_`|~0-9a-z-]{1,12}", fullmatch=True)
_USUAL = ("application/json", "application/msgpack", "application/octet-stream", "application/x-npy", "text/plain", "text/csv", "image/png")


def texts(*, max_size: int = 20) -> st.SearchStrategy[str]:
    """Texts in any language, everything that UTF-8 can encode, including the empty text."""
    return st.text(writable(), max_size=max_size)


def writable() -> st.SearchStrategy[str]:
    """The characters that UTF-8 can encode. With `codec`, hypothesis would try every character there is, which takes a second."""
    return st.characters(exclude_categories=["Cs"])


def documents(*, max_leaves: int = 12) -> st.SearchStrategy[JSON]:
    """Values that both JSON and msgpack keep: integers of up to 64 bits, finite floats, texts, booleans, None, lists and dicts."""
    return st.recursive(
        st.none() | st.booleans() | _INTEGERS | _FINITE | texts(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(), inner, max_size=4),
        max_leaves=max_leaves,
    )


def dtypes() -> st.SearchStrategy[np.dtype[Any]]:
    """The types of numbers that models take: bool, int8 to int64, uint8 to uint64, float16 to float64."""
    import numpy as np

    sized = [f"{kind}{size}" for kind, sizes in {"i": "1248", "u": "1248", "f": "248"}.items() for size in sizes]
    return st.sampled_from([np.dtype(name) for name in ("?", *sized)])


def arrays(
    shape: Sequence[int | None] | None = None, dtype: DTypeLike | None = None, *, max_side: int = 4, finite: bool = True
) -> st.SearchStrategy[NDArray[Any]]:
    """Arrays with a given shape and dtype. Either is drawn if it is not given.

    A None in the shape is any length up to `max_side`; a leading None may also be zero. Unless `finite`, NaN and infinities are drawn, too.
    """
    import numpy as np
    from hypothesis.extra import numpy as hnp

    shapes = hnp.array_shapes(max_dims=3, max_side=max_side) if shape is None else _shapes(shape, max_side)
    elements = {"allow_nan": not finite, "allow_infinity": not finite}
    types = dtypes() if dtype is None else st.just(np.dtype(dtype))
    return types.flatmap(lambda kind: hnp.arrays(kind, shapes, elements=elements if kind.kind in "fc" else None))


def media_types() -> st.SearchStrategy[str]:
    """Media types in lower case without parameters: common ones, and any others that the grammar allows."""
    return st.sampled_from(_USUAL) | st.builds("{}/{}".format, _WORDS, _WORDS)


def content_types() -> st.SearchStrategy[str]:
    """Content-Type headers as clients write them: any case, with or without parameters, quoted or not."""
    strings = st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=12).map(quoted)
    charset = st.sampled_from(CHARSETS).map("; charset={}".format)
    other = st.builds("; {}={}".format, _WORDS, _WORDS | strings)
    names = media_types() | media_types().map(str.upper)
    parameters = st.lists(charset | other, max_size=2).map("".join)
    return st.builds(str.__add__, names, parameters)


def payloads(
    data: st.SearchStrategy[bytes] | None = None, media_type: st.SearchStrategy[str] | str | None = None
) -> st.SearchStrategy[Payload]:
    """Requests: bytes from `data`, by default any bytes, with a media type from `media_type`, by default any; some with a charset."""
    names = media_types() if media_type is None else media_type if isinstance(media_type, st.SearchStrategy) else st.just(media_type)
    parameters: st.SearchStrategy[dict[str, str]] = st.just({}) | st.sampled_from(CHARSETS).map(lambda charset: {"charset": charset})
    return st.builds(Payload, st.binary(max_size=200) if data is None else data, names, parameters, st.none() | texts())


def tags() -> st.SearchStrategy[Tag]:
    """The tags of bundles."""
    return st.builds(Tag, _part("a-z0-9", 62), _part("A-Za-z0-9", 126))


def _part(letters: str, most: int) -> st.SearchStrategy[str]:
    pattern = rf"[{letters}]([{letters}._-]{{0,{most}}}[{letters}])?"
    return st.from_regex(pattern, fullmatch=True).filter(lambda text: ".." not in text)


def _shapes(shape: Sequence[int | None], max_side: int) -> st.SearchStrategy[tuple[int, ...]]:
    lengths = [st.integers(int(axis > 0), max_side) if length is None else st.just(length) for axis, length in enumerate(shape)]
    return st.tuples(*lengths)
