"""The amounts that a server's options and limits accept, in code as on the command line."""

from __future__ import annotations

import math
import os
import re

import pytest

import bento
from bento.bounds import WORKERS
from bento.errors import ServerError
from bento.serving import Limits
from bento.serving.workers.channel import Channel

BYTES = "1 to 1099511627776 bytes"


class Silent(bento.Service):
    """Answers nothing."""


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("workers", 0, "1 to 256 processes"),
        ("workers", 257, "1 to 256 processes"),
        ("workers", 1.5, "1 to 256 processes"),
        ("workers", "many", "1 to 256 processes"),
        ("max_body", 0, BYTES),
        ("max_body", 1.5, BYTES),
        ("max_body", 1 << 63, BYTES),
        ("grace", -1, "0 to 604800 seconds"),
        ("grace", math.nan, "0 to 604800 seconds"),
        ("grace", "10x", "0 to 604800 seconds"),
        ("keep_alive", 0, "0.01 to 604800 seconds"),
        ("keep_alive", math.inf, "0.01 to 604800 seconds"),
    ],
)
def test_a_server_is_not_started_with_an_invalid_amount(option, value, expected):
    with pytest.raises(ServerError, match=f"^expected {option} to be {expected}, got {re.escape(repr(value))}$"):
        bento.serve(Silent(), **{option: value})


@pytest.mark.parametrize(
    ("limit", "value", "expected"),
    [
        ("body", "10", BYTES),
        ("bodies", -1, BYTES),
        ("headers", True, BYTES),
        ("queue", 0, "1 to 1000000000 requests"),
        ("head_seconds", 0.0, "0.01 to 604800 seconds"),
        ("idle_seconds", math.nan, "0.01 to 604800 seconds"),
        ("keep_alive_seconds", math.inf, "0.01 to 604800 seconds"),
    ],
)
def test_a_limit_that_is_not_a_valid_amount_is_refused(limit, value, expected):
    with pytest.raises(ServerError, match=f"^expected Limits.{limit} to be {expected}, got {re.escape(repr(value))}$"):
        Limits(**{limit: value})


def test_the_largest_number_of_workers_is_asked_for_without_blocking():
    above, below = Channel.pair()
    os.set_blocking(above.fileno(), False)
    places = range(int(WORKERS.most) + 1)
    for place in places:
        above.ask(place)
    assert list(below.places()) == list(places)
    above.close()
    below.close()
