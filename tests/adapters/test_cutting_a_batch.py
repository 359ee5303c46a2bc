"""Cutting the result of a batch into answers: each caller gets its own rows, or the batch fails."""

from __future__ import annotations

import numpy as np
import pytest

from bento.adapter import cut


def test_an_item_that_is_a_row_gets_an_element_and_one_with_rows_gets_rows():
    assert cut([1, 2, 3, 4], [None, 2, 0, 1]) == [1, [2, 3], [], [4]]
    assert [answer.tolist() for answer in cut(np.arange(4), [None, 2, 0, 1])] == [0, [1, 2], [], [3]]


@pytest.mark.parametrize("rows", [[None, None], [4], [1, None, 2]])
def test_a_result_of_another_length_is_refused(rows):
    total = sum(1 if count is None else count for count in rows)
    with pytest.raises(ValueError, match="rows") as error:
        cut([1, 2, 3], rows)
    assert str(error.value) == f"expected a result of {total} rows, one for each row of the batch, got 3"


ADVICE = "return a list or an array, with one result for each row"


@pytest.mark.parametrize("result", ["ab", b"ab", bytearray(b"ab"), {"a": 1, "b": 2}, {1, 2}])
def test_a_text_a_mapping_or_a_set_has_no_rows_although_it_has_a_length(result):
    with pytest.raises(ValueError, match="rows") as error:
        cut(result, [None, None])
    assert str(error.value) == f"expected a result of 2 rows, got a {type(result).__name__}, which has none: {ADVICE}"


@pytest.mark.parametrize("count", [1, 2])
def test_a_tuple_of_several_values_is_not_cut_into_rows_even_if_their_number_fits(count):
    with pytest.raises(ValueError, match="rows") as error:
        cut((np.zeros(count), np.ones(count)), [None] * count)
    assert str(error.value) == f"expected a result of {count} rows, got a tuple, which is several values: {ADVICE}"


def test_a_number_has_no_rows():
    with pytest.raises(ValueError, match="rows") as error:
        cut(np.float64(1), [None])
    assert str(error.value) == f"expected a result of 1 rows, got a float64 that has no length: {ADVICE}"


def test_a_result_that_can_only_be_iterated_over_is_refused():
    with pytest.raises(ValueError, match="rows") as error:
        cut({"a": 1, "b": 2}.values(), [None, None])
    assert str(error.value) == f"expected a result of 2 rows, got a dict_values, of which no part can be taken: {ADVICE}"


class Table:
    """Like a pyarrow.Table: its length is the number of rows, an index gives a column, and a slice gives rows."""

    def __init__(self, *columns):
        self.columns = columns

    def __len__(self):
        return len(self.columns[0])

    def __getitem__(self, key):
        return Table(*(column[key] for column in self.columns)) if isinstance(key, slice) else self.columns[key]

    def itercolumns(self):
        return iter(self.columns)


def test_a_table_whose_elements_are_columns_is_not_cut_into_rows_by_element():
    table = Table([1, 2], [3, 4])
    with pytest.raises(ValueError, match="rows") as error:
        cut(table, [None, None])
    assert str(error.value) == f"expected a result of 2 rows, got a Table, whose elements are columns: {ADVICE}"
    assert [part.columns for part in cut(table, [1, 1])] == [([1], [3]), ([2], [4])]


def test_a_series_is_cut_by_position_even_if_its_labels_are_shuffled():
    class Series:
        """Like a pandas.Series after sorting: it is indexed by label."""

        def __init__(self, values, labels):
            self.iloc = values
            self.values = dict(zip(labels, values, strict=True))

        def __len__(self):
            return len(self.iloc)

        def __getitem__(self, label):
            return self.values[label]

    assert cut(Series(["a", "b"], [1, 0]), [None, None]) == ["a", "b"]


class Labelled:
    """Like a pandas.Series that was sorted: its index still has the labels of the rows."""

    def __init__(self, values, *labels):
        self.iloc = values
        self.index = np.array(labels).view(Labels)

    def __len__(self):
        return len(self.iloc)


class Labels(np.ndarray):
    @property
    def is_monotonic_increasing(self):
        return bool((np.diff(self) >= 0).all())


def test_a_result_whose_rows_were_sorted_is_refused():
    with pytest.raises(ValueError, match="rows") as error:
        cut(Labelled(["a", "b", "c"], 0, 2, 1), [None, 2])
    got = "a Labelled whose index says that they were sorted: return it after sort_index()"
    assert str(error.value) == f"expected a result of 3 rows in their own order, got {got}"


@pytest.mark.parametrize("labels", [(0, 1, 2), (3, 5, 4), (1, 0, 0), (2.0, 1.0, 0.0)])
def test_a_result_whose_labels_do_not_count_its_rows_is_cut_by_position(labels):
    assert cut(Labelled(["a", "b", "c"], *labels), [None, 2]) == ["a", ["b", "c"]]
