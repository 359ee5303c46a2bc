"""The pages are right: their blocks do what they show, and their links lead somewhere."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "core/README.md", ROOT / "native/README.md", *ROOT.glob("plugins/*/README.md")]
)

# The number of blocks on a page that no test can run; the page's source says why. A plugin's README has one, which installs the plugin.
NOT_RUN = {
    "CONTRIBUTING.md": 1,
    "README.md": 2,
    "core/README.md": 1,
    "native/README.md": 1,
    "docs/how-to/call.md": 1,
    "docs/how-to/proxy.md": 1,
    "docs/how-to/ship/containers.md": 2,
    "docs/how-to/ship/environments.md": 1,
    "docs/how-to/ship/kubernetes.md": 1,
    "docs/how-to/ship/platforms.md": 2,
    "docs/how-to/ship/systemd.md": 1,
    "docs/how-to/trust.md": 2,
    "docs/index.md": 1,
    "docs/performance.md": 2,
    "docs/plugins/publish.md": 1,
    "docs/plugins/testing.md": 2,
    "plugins/bento-kubernetes/README.md": 2,
}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def is_followed_here(page: Path) -> bool:
    """A plugin's page is followed where it is installed; those that `make test` leaves out are named by `test-plugins` and `test-brief`."""
    return page.parts[-3] != "plugins" or find_spec(page.parts[-2].replace("-", "_")) is not None


@pytest.mark.brief
@pytest.mark.parametrize("page", [*filter(is_followed_here, PAGES)], ids=name_of)
def test_a_page_does_what_it_shows(page, follow):
    follow(page)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_that_are_not_run_have_a_reason_and_a_fixed_number(page, blocks_of):
    reasons = [block.reason for block in blocks_of(page) if block.reason is not None]
    assert len(reasons) == NOT_RUN.get(name_of(page), int(page.parts[-3] == "plugins"))
    assert all(reasons)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_a_page_is_read(page, blocks_of):
    fences = re.findall(r"^ *```", page.read_text(), re.MULTILINE)
    shown = [block for block in blocks_of(page) if block.shows is not None]
    assert len(fences) == 2 * (len(blocks_of(page)) + len(shown))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_file_leads_to_one(page):
    prose = re.sub(r"^( *```).*?^\1", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", prose)
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_navigation_has_every_page():
    listed = re.findall(r"^ *- (?:.*: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md"))
