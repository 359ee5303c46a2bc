"""Where calls run, by what was measured of them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bento.serving.calls.placement import Placement


def placed(*calls: tuple[float, float]) -> bool:
    """Whether calls run on the event loop after these calls, each given as seconds by the clock and seconds of processor time."""
    placement = Placement()
    for seconds, processor_seconds in calls:
        placement.observe(seconds, processor_seconds)
    return placement.inline


CHEAP = [(0.0003, 0.0002)] * 5


def test_an_api_starts_in_a_thread():
    assert not placed()
    assert not placed(*CHEAP[:4])


def test_cheap_calls_move_to_the_loop():
    assert placed(*CHEAP)


def test_calls_that_waited_for_the_interpreters_lock_are_cheap_all_the_same():
    assert placed(*[(0.005, 0.0002)] * 5)


@pytest.mark.parametrize("call", [(0.02, 0.02), (0.02, 0.0001)], ids=["computes", "waits"])
def test_slow_calls_stay_in_a_thread(call):
    assert not placed(*[call] * 100)


@pytest.mark.parametrize("call", [(0.01, 0.01), (0.02, 0.0001)], ids=["computes", "waits"])
def test_calls_that_turn_slow_go_back_to_a_thread(call):
    assert not placed(*CHEAP, *[call] * 20)


def test_calls_of_some_milliseconds_stay_where_they_are():
    assert placed(*CHEAP, *[(0.006, 0.006)] * 100)
    assert not placed(*[(0.006, 0.006)] * 100)


def test_one_long_wait_moves_calls_back_to_a_thread():
    assert not placed(*CHEAP, (0.2, 0.0002))


def test_cheap_calls_stay_on_the_loop_while_the_machine_is_busy():
    assert placed(*CHEAP, *[(0.03, 0.0002), (0.03, 0.0002), (0.0003, 0.0002)] * 50)


def test_each_disappointment_doubles_the_time_until_the_next_try():
    placement = Placement()
    tries = []
    for number in range(200):
        placement.observe(0.2 if placement.inline else 0.0003, 0.0002)
        if placement.inline:
            tries.append(number)
    assert [later - earlier for earlier, later in pairwise(tries)] == [11, 21, 41, 81]
