"""The columns of a table that a model was trained with."""

import re

import pandas as pd
import pytest

from bento import InvalidInput
from bento.artifacts import take_columns

ROOMS = pd.DataFrame({"town": ["Ulm"], "area": [20.0], "floor": [3]})


def test_columns_are_taken_by_name_and_in_the_order_that_is_asked_for():
    assert list(take_columns(ROOMS, ["floor", "town"])) == ["floor", "town"]


def test_a_column_is_found_by_the_form_of_its_name_that_a_framework_writes():
    table = pd.DataFrame([[1, 2, 3]], columns=[7, "living area", "living_area"])
    assert list(take_columns(table, ["7"])) == [7]
    assert list(take_columns(table[[7, "living area"]], ["living_area"], lambda name: name.replace(" ", "_"))) == ["living area"]
    assert list(take_columns(table, ["living_area"], lambda name: name.replace(" ", "_"))) == ["living_area"]


def test_columns_may_be_called_like_methods_of_tables():
    names = ["select", "column_names", "columns"]
    assert list(take_columns(pd.DataFrame([[1, 2, 3]], columns=names), names)) == names


def test_a_table_that_lacks_columns_is_the_clients_fault():
    message = "expected a table with the columns town, rooms, garden, got none named rooms, garden"
    with pytest.raises(InvalidInput, match=f"^{re.escape(message)}$"):
        take_columns(ROOMS, ["town", "rooms", "garden"])
