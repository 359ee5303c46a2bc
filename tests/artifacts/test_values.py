"""Of the parameters of an estimator, those that JSON can hold."""

import json
import math

import numpy as np
import pytest

from bento.artifacts import json_values


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (True, True),
        ("gbtree", "gbtree"),
        (np.float64(0.1), 0.1),
        (np.array(3), 3),
        ((1, (2.5, "a")), [1, [2.5, "a"]]),
        ({"a": (np.int32(1),)}, {"a": [1]}),
    ],
)
def test_values_that_json_can_hold_are_kept(value, kept):
    found = json_values({"depth": value})
    assert found == {"depth": kept}
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    "value", [print, np.random.RandomState(0), math.nan, np.inf, np.ones(2), {1: 2}, {"a": print}, [1, math.nan], b"a", {1}]
)
def test_a_value_that_json_cannot_hold_is_left_out_entirely(value):
    assert json_values({"depth": 3, "other": value}) == {"depth": 3}
