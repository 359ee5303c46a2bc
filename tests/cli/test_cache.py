"""`bento cache`: bundles that were fetched by URL are listed and pruned."""

from __future__ import annotations

import json
import re

import pytest


@pytest.fixture
def url(bento_process, tmp_path) -> str:
    """A remote whose shop:1 has been fetched and asked."""
    url = f"file://{tmp_path}/remote"
    for tag in ("shop:1", "shop:2"):
        assert bento_process("push", tag, url).returncode == 0
    assert bento_process("run", f"{url}/shop:1", "price", "--input", '"tea"').stdout == "3\n"
    return url


def test_bundles_that_were_fetched_by_url_are_listed(bento, url):
    lines = bento("cache", "list").stdout.splitlines()
    assert re.fullmatch(r"URL +LAST USED +SIZE", lines[0])
    assert re.fullmatch(re.escape(f"{url}/shop:1") + r" +20\S+Z +\d\S* \w+", lines[1])
    assert lines[2:] == ["", lines[3]]
    assert lines[3].endswith(" on the disk: what several bundles of a remote share is stored once")
    (record,) = json.loads(bento("cache", "list", "--json").stdout)
    assert (record["url"], record["tag"], set(record)) == (f"{url}/shop:1", "shop:1", {"url", "tag", "size", "used"})


def test_an_empty_cache_says_what_it_is_for(bento):
    done = bento("cache", "list")
    assert done.stderr == "no bundles yet: a bundle that is named by a URL, as in 'bento serve s3://bucket/store/iris:1', is kept here\n"
    assert bento("cache", "list", "--json").stdout == "[]\n"


def test_bundles_that_were_not_used_lately_are_pruned(bento, url):
    assert bento("cache", "prune", "--older-than", "1h").stderr == "nothing to remove\n"
    assert bento("cache", "prune", "--max-size", "1kB", "--dry-run").stdout == f"would remove {url}/shop:1\n"
    assert bento("cache", "prune", "--max-size", "1kB").stdout == f"removed {url}/shop:1\n"
    assert bento("cache", "list").stdout == ""


def test_bundles_in_use_are_kept_and_named(bento, url):
    bento("show", f"{url}/shop:2")  # in this process, which keeps running
    assert bento("cache", "prune", "--max-size", "0").stderr == f"kept {url}/shop:2, which is in use\n"


def test_nothing_is_pruned_without_a_limit(bento):
    assert bento("cache", "prune", code=2).stderr.endswith(
        "Error: expected --older-than or --max-size: 'bento cache list' shows what there is\n"
    )


@pytest.mark.parametrize("size", ["GB", "20gb", "-1", "1.5GB", "20GiB"])
def test_a_size_is_a_number_and_a_unit(bento, size):
    assert bento("cache", "prune", f"--max-size={size}", code=2).stderr.endswith(
        f"Error: Invalid value for '--max-size': {size!r} is not a size: write a number and kB, MB, GB or TB, such as 20GB\n"
    )
