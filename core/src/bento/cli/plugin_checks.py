"""`bento plugins NAME --check`: the tests of one plugin, as a table that grows while they run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from ..errors import PluginError
from .output import print_json

if TYPE_CHECKING:
    from ..registry import Plugin
    from ..testing import Check

_RESULTS = {"ok": "green", "failed": "red", "left out": "yellow"}
_WIDTH = max(map(len, _RESULTS))
_KIT = {"hypothesis", "jsonschema"}
"""What the test kit needs besides bento."""


def show_checks(plugin: Plugin, faults: Sequence[str], record: dict[str, object], *, as_json: bool) -> bool:
    """Test a plugin, print how each test ended, and return whether none failed; a plugin with faults is a PluginError."""
    if faults:
        raise PluginError(f"plugin {plugin.name!r} cannot be tested: {'it ' if plugin.error else ''}{'; '.join(faults)}")
    checks = _checks(plugin)
    if as_json:
        done = list(checks)
        rows = [
            {"tests": each.tests, "name": each.name, "result": each.result, "reason": each.reason, "seconds": each.seconds} for each in done
        ]
        print_json({**record, "checks": rows})
        return _passed(each.result for each in done)
    return _passed(_print(checks))


def _checks(plugin: Plugin) -> Iterator[Check]:
    try:
        from ..testing.plugins import check_plugin
    except ModuleNotFoundError as error:
        if error.name not in _KIT:
            raise
        raise PluginError(f"testing a plugin needs {error.name!r}, which is not installed: pip install 'bento-core[testing]'") from error
    return check_plugin(plugin)


def _print(checks: Iterator[Check]) -> list[str]:
    """Print a line for each test as soon as it is done, under the name of its class, and the failures again at the end."""
    results: list[str] = []
    failed: list[Check] = []
    tests = ""
    for check in checks:
        if check.tests != tests:
            tests = check.tests
            click.secho(tests.removeprefix("Test"), bold=True)
        _print_line(check)
        results.append(check.result)
        failed += [check] if check.result == "failed" else []
    for check in failed:
        click.echo(f"\n{click.style(f'{check.tests}.{check.name}', fg='red')}\n  {check.reason}")
    counts = Counter(results)
    click.echo(
        "\n" + ", ".join(f"{counts[result]} {result}" for result in _RESULTS if counts[result]) if results else "it brings nothing to test"
    )
    return results


def _print_line(check: Check) -> None:
    reason = f": {check.reason}" if check.result == "left out" else ""
    click.echo(f"  {click.style(check.result.ljust(_WIDTH), fg=_RESULTS[check.result])}  {check.seconds:6.2f} s  {check.rule}{reason}")


def _passed(results: Iterable[str]) -> bool:
    return "failed" not in results
