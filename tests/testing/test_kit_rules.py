"""Rules for every kit: each class has its own tests, and no test is replaced without a reason."""

from __future__ import annotations

import subprocess
import sys
import unittest

import pytest
from hypothesis import strategies as st

from bento import DefinitionError
from bento.testing import check, leave_out, override, run_checks
from bento.testing._kit import Kit, expect, property_test


class ThingTests(Kit, kit=True):
    largest = 9

    def test_a_plain_rule(self):
        expect(self.largest < 100, "make it smaller")

    @property_test
    def test_a_rule_for_every_value(self, draw):
        """Nothing is ten."""
        expect(draw(st.integers(0, self.largest), label="value") != 10, "avoid ten")


class TestOne(ThingTests):
    largest = 5


class TestOther(ThingTests):
    pass


class TestWithReasons(TestOne):
    test_a_plain_rule = leave_out(reason="a thing may be large")

    @override(reason="ten is ours")
    def test_a_rule_for_every_value(self):
        super().test_a_rule_for_every_value()


def test_each_class_has_property_tests_of_its_own():
    tests = {cls.test_a_rule_for_every_value for cls in (ThingTests, TestOne, TestOther)}
    assert len(tests) == 3


def test_a_property_test_keeps_its_name_and_its_docstring():
    assert TestOne.test_a_rule_for_every_value.__doc__ == "Nothing is ten."
    assert TestOne.test_a_rule_for_every_value.__qualname__ == "TestOne.test_a_rule_for_every_value"


def test_a_kit_runs_without_a_test_runner():
    class TestTen(ThingTests):
        largest = 10

    outcomes = check(TestTen)
    assert outcomes["test_a_plain_rule"] is None
    assert str(outcomes["test_a_rule_for_every_value"]) == "avoid ten"


def test_a_run_gives_the_result_of_each_test_and_the_reason():
    class TestFew(TestWithReasons):
        @override(reason="nothing holds")
        def test_a_rule_for_every_value(self):
            return 1 / 0

    done = list(run_checks(TestFew))
    assert [(each.tests, each.rule, each.result, each.reason) for each in done] == [
        ("TestFew", "a plain rule", "left out", "a thing may be large"),
        ("TestFew", "a rule for every value", "failed", "ZeroDivisionError: division by zero"),
    ]
    assert all(each.seconds >= 0 for each in done)


def test_a_run_can_be_of_a_few_tests():
    assert [done.name for done in run_checks(TestOne, ["test_a_plain_rule"])] == ["test_a_plain_rule"]


def test_a_kit_needs_no_pytest():
    code = """
import sys
sys.modules["pytest"] = None
from bento.testing import AdapterTests, check
from bento.adapters import TextAdapter
class Tests(AdapterTests):
    adapter = TextAdapter()
    max_examples = 3
    def values(self):
        return ["", "tea"]
print([name for name, error in check(Tests).items() if error])
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_kits_import_jsonschema_only_to_check_a_schema():
    code = "import sys, bento.testing; print('jsonschema' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_class_chooses_how_many_examples_are_drawn():
    drawn = []

    class CountingTests(Kit, kit=True):
        max_examples = 7

        @property_test
        def test_a_cheap_rule(self, draw):
            drawn.append(draw(st.integers()))

    class DearTests(CountingTests, kit=True):
        @property_test(at_most=2)
        def test_a_cheap_rule(self, draw):
            drawn.append(draw(st.integers()))

    CountingTests().test_a_cheap_rule()
    assert len(drawn) == 7
    DearTests().test_a_cheap_rule()
    assert len(drawn) == 9


@pytest.mark.parametrize("replacement", [None, lambda self: None, pytest.mark.xfail(reason="not here")(lambda self: None)])
def test_replacing_a_test_without_a_reason_is_refused(replacement):
    with pytest.raises(DefinitionError) as error:
        type("TestLess", (ThingTests,), {"test_a_plain_rule": replacement})
    assert str(error.value) == (
        "TestLess.test_a_plain_rule replaces a test of the kit: say why with @override(reason=...), or leave it out with "
        "test_a_plain_rule = leave_out(reason=...), both of bento.testing"
    )


def test_a_mixin_cannot_replace_a_test_without_a_reason_either():
    class Mixin:
        def test_a_rule_for_every_value(self):
            pass

    with pytest.raises(DefinitionError, match=r"^TestMixed\.test_a_rule_for_every_value replaces"):
        type("TestMixed", (Mixin, ThingTests), {})


def test_an_empty_reason_is_refused():
    with pytest.raises(DefinitionError) as error:
        override(reason=" ")
    assert (
        str(error.value) == "override() has no reason: say why the kit's test does not hold, as in override(reason='answers are rounded')"
    )


def test_a_test_that_is_left_out_is_skipped_with_its_reason():
    with pytest.raises(unittest.SkipTest, match=r"^a thing may be large$"):
        TestWithReasons().test_a_plain_rule()
    assert check(TestWithReasons) == {"test_a_plain_rule": None, "test_a_rule_for_every_value": None}


def test_a_test_with_a_reason_stays_replaced_in_subclasses():
    class TestMore(TestWithReasons):
        pass

    assert TestMore.test_a_plain_rule is TestWithReasons.test_a_plain_rule
