"""The tree of errors."""

from __future__ import annotations

import re

import pytest

import bento
from bento import errors

CLASSES = [getattr(errors, name) for name in errors.__all__]
TREE = re.compile(r"^[│ ]*[├└]── (\w+)(?: +(\d{3}))? +\S", re.MULTILINE)


def test_every_error_is_a_bento_error():
    assert all(issubclass(error, bento.BentoError) for error in CLASSES)


def test_the_tree_in_the_docstring_is_the_tree_in_the_code():
    assert sorted(name for name, _ in TREE.findall(errors.__doc__)) == sorted(set(errors.__all__) - {"BentoError"})


@pytest.mark.parametrize(("name", "status"), [(name, int(status)) for name, status in TREE.findall(errors.__doc__) if status])
def test_the_status_in_the_docstring_is_the_status_in_the_code(name, status):
    assert getattr(errors, name).status == status


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.DefinitionError, TypeError),
        (errors.TagError, ValueError),
        (errors.BadInput, ValueError),
        (errors.NotFound, LookupError),
        (errors.DeadlineExceeded, TimeoutError),
    ],
)
def test_an_error_is_also_the_built_in_one_that_says_the_same(error, builtin):
    assert issubclass(error, builtin)


def test_an_overload_error_has_the_seconds_to_wait():
    assert errors.Overloaded("the queue is full", retry_after=7).retry_after == 7


def test_every_error_is_offered_by_bento_itself():
    assert all(getattr(bento, name) is getattr(errors, name) for name in errors.__all__)
