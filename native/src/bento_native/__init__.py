"""The loops of bento's server, compiled: what it does for each request, in C.

bento-core finds this package by itself, and has each function here stand in for one of its own, which does the same in Python.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import arriving, leaving, numbers, passing

__version__ = "0.1.0"

FORMS: dict[str, Callable[..., Any]] = {
    "bento.adapters._numbers.plain_numbers": numbers.plain_numbers,
    "bento.serving.calls.answer.answers_of": leaving.answers_of,
    "bento.serving.calls.writing.server_timing": leaving.server_timing,
    "bento.serving.calls.choosing.is_batch": passing.is_batch,
    "bento.serving.calls.choosing.note_start": passing.note_start,
    "bento.serving.calls.deadlines.allow": passing.allow,
    "bento.serving.calls.endpoint.answered": passing.answered,
    "bento.serving.calls.endpoint.holding": passing.holding,
    "bento.serving.calls.endpoint.larger_than": passing.larger_than,
    "bento.serving.calls.endpoint.settle": passing.settle,
    "bento.serving.calls.endpoint.share_reply": passing.share_reply,
    "bento.serving.calls.figures.seconds_since": passing.seconds_since,
    "bento.serving.calls.figures.stages_of": passing.stages_of,
    "bento.serving.calls.pipeline.items_of": passing.items_of,
    "bento.serving.calls.pipeline.note_run": passing.note_run,
    "bento.serving.calls.reading.bodies_of": passing.bodies_of,
    "bento.serving.calls.reading.content_types_of": passing.content_types_of,
    "bento.serving.calls.reading.note_items": passing.note_items,
    "bento.serving.calls.reading.note_rows": passing.note_rows,
    "bento.serving.calls.writing.accepted_by": passing.accepted_by,
    "bento.serving.calls.writing.note_outcomes": passing.note_outcomes,
    "bento.serving.calls.writing.rows_of": passing.rows_of,
    "bento.serving.http.fast.encode_all": leaving.encode_all,
    "bento.serving.http.fast.media_types_of": leaving.media_types_of,
    "bento.serving.http.pipelining.send_all": leaving.send_all,
    "bento.serving.http.protocol.FastProtocol.data_received": arriving.data_received,
    "bento.serving.http.protocol.fresh_calls": arriving.fresh_calls,
    "bento.serving.logs.lines_of": leaving.lines_of,
}
"""What stands in for what, by the full name in bento-core."""

__all__ = ["FORMS", "__version__"]
