"""`bento push`, `bento pull`, and the commands that take the URL of a bundle."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from commands import BENTO


def test_a_pushed_bundle_has_a_url_and_only_missing_files_are_sent(bento, remote):
    first, second = bento("push", "shop:1", remote), bento("push", "shop:2", remote)
    assert (first.stdout, second.stdout) == (f"{remote}/shop:1\n", f"{remote}/shop:2\n")
    assert first.stderr.startswith("sent ")
    assert second.stderr.startswith("sent 0 of ")
    assert bento("push", "shop:2", remote).stderr == second.stderr


def test_a_pulled_bundle_is_in_the_store_but_not_trusted_yet(bento, remote, other):
    bento("push", "shop:1", remote)
    done = bento("pull", "shop", remote, "--store", other)
    assert done.stdout == "shop:1\n"
    again = f"bento pull shop:1 {remote} --store {other} --trust"
    assert done.stderr == f"its code may not run here yet: '{again}' allows it, once you know who made it\n"
    ask = ("run", "shop:1", "price", "--input", '"tea"', "--store", other)
    assert bento(*ask, code=1).stderr.startswith("Error: shop:1 was not made here")
    assert bento("pull", "shop:1", remote, "--trust", "--store", other).stderr == ""
    assert bento(*ask).stdout == "3\n"


def test_the_url_that_a_push_prints_is_enough_to_pull(bento, remote, other):
    url = bento("push", "shop:1", remote).stdout.strip()
    assert bento("pull", url, "--store", other).stdout == "shop:1\n"
    assert bento("pull", "shop:1", code=2).stderr.endswith(
        "Error: no remote to pull 'shop:1' from: write bento pull shop:1 s3://bucket/store\n"
    )


def test_a_terminal_of_any_width_shows_how_many_bytes_have_moved(home, remote):
    code = f"import os, pty, sys; os.environ['COLUMNS'] = '60'; sys.exit(pty.spawn([{str(BENTO)!r}, 'push', 'shop:2', {remote!r}]))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout.decode()
    bars = [bar.strip() for bar in re.sub(r"\x1b\[\?25[lh]", "", shown.partition("\nsent")[0]).split("\r") if bar.strip()]
    assert re.fullmatch(r"pushing shop:2  \[-+\]    0%  0 bytes of .*", bars[0])
    assert re.fullmatch(r"pushing shop:2  \[#+\]  100%  (.*) of \1", bars[-1])
    assert max(map(len, bars)) == 60


def test_an_error_that_a_library_also_logs_is_printed_once(bento_process):
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        pool.submit(_hang_up, server)
        done = bento_process("list", f"sftp://user:secret@127.0.0.1:{server.getsockname()[1]}/store")
    assert done.returncode == 1
    assert re.fullmatch(r"Error: cannot reach it at sftp://user:\*\*\*@127\.0\.0\.1:\d+/store: .*\n", done.stderr)


def _hang_up(server: socket.socket) -> None:
    server.accept()[0].close()


def test_a_remote_is_listed(bento, remote):
    assert bento("list", remote).stderr == f"no bundles yet: push one with 'bento push TAG {remote}'\n"
    for version in "12":
        bento("push", f"shop:{version}", remote)
    lines = bento("list", remote).stdout.splitlines()
    assert lines[0].split() == ["TAG", "CREATED", "SIZE", "APIS", "LABELS"]
    assert sorted(line.split()[0] for line in lines[1:]) == ["shop:1", "shop:2"]
    for arguments in (["shop", "--label", "team=kitchen"], ["s*", "--label", "team=kitchen"]):
        [record] = json.loads(bento("list", remote, *arguments, "--json").stdout)
        assert (record["tag"], record["labels"]) == ("shop:2", {"team": "kitchen"})
    assert bento("list", remote, "stall").stderr == f"no bundles called 'stall': push one with 'bento push TAG {remote}'\n"


def test_a_name_or_a_tag_at_the_end_of_a_remote_is_listed(bento, remote):
    for version in "12":
        bento("push", f"shop:{version}", remote)
    for target, tags in (("shop", ["shop:1", "shop:2"]), ("shop:1", ["shop:1"]), ("shop:latest", ["shop:2"])):
        records = json.loads(bento("list", f"{remote}/{target}", "--json").stdout)
        assert sorted(record["tag"] for record in records) == tags
    assert bento("list", f"{remote}/shop:3").stderr == f"no bundle shop:3 at {remote}: 'bento list {remote}' shows which there are\n"
    assert bento("list", f"{remote}/stall").stderr == f"no bundles yet: push one with 'bento push TAG {remote}/stall'\n"


def test_a_remote_whose_name_looks_like_a_tag_is_a_remote(bento, tmp_path):
    url = bento("push", "shop:1", f"file://{tmp_path}/models:new").stdout.strip()
    assert bento("list", url.rpartition("/")[0]).stdout.splitlines()[1].startswith("shop:1 ")


def test_the_url_of_a_bundle_is_not_accepted_as_a_remote_to_push_to(bento, remote):
    for target, tag in (("shop:1", "shop:1"), ("shop", "shop:latest")):
        assert bento("push", target, f"{remote}/{tag}", code=1).stderr == (
            f"Error: {remote}/{tag} ends with the tag of a bundle: expected the remote that it goes to, {remote}\n"
        )


def test_pulling_a_remote_without_a_tag_is_refused_with_the_way_to_write_it(bento, remote):
    bento("push", "shop:1", remote)
    assert bento("pull", remote, code=1).stderr.endswith(f": it is empty: if {remote} is the remote, write bento pull TAG {remote}\n")
    assert bento("pull", f"{remote}/shpo", code=1).stderr.endswith(": it has the name shop - did you mean shop?\n")


def test_listing_two_names_is_refused(bento):
    assert bento("list", "shop", "stall", code=2).stderr.endswith(
        "Error: 'shop' is not a remote, and one name is enough: write s3://bucket/store, or 'iris-*' for several names\n"
    )


def test_commands_take_the_url_of_a_bundle(bento, remote, tmp_path):
    url = bento("push", "shop:1", remote).stdout.strip()
    assert bento("run", url, "price", "--input", '"tea"').stdout == "3\n"
    assert bento("show", url).stdout.startswith("tag         shop:1\n")
    assert bento("verify", url).stdout.startswith("shop:1 is whole: ")
    assert bento("pack", url, "archive", "shop.bento").stdout == "shop.bento\n"
    assert bento("list").stdout.count("shop:") == 2


def test_a_folder_in_place_of_a_remote_is_refused_with_its_url(bento, tmp_path):
    assert bento("push", "shop:1", "./my models", code=1).stderr.endswith(
        f"got './my models': did you mean file://{tmp_path}/my%20models\n"
    )


def test_an_invalid_remote_is_refused(bento):
    assert bento("push", "shop:1", "/srv/models", code=1).stderr == (
        "Error: expected a remote such as s3://bucket/store or file:///srv/models, got '/srv/models': did you mean file:///srv/models\n"
    )


@pytest.mark.parametrize(
    ("module", "url", "message"),
    [
        ("s3fs", "s3://bucket/store", "without s3fs: pip install 'bento-core[s3]'"),
        ("paramiko", "sftp://host/store", "without paramiko: pip install 'bento-core[sftp]'"),
        ("fsspec", "s3://bucket/store", "without s3fs: pip install 'bento-core[s3]'"),
        ("gcsfs", "gs://bucket/store", "without gcsfs: pip install 'bento-core[gs]'"),
        ("adlfs", "az://container/store", "without adlfs: pip install 'bento-core[az]'"),
    ],
)
def test_a_missing_library_for_a_remote_is_an_error_that_says_what_to_install(module, url, message):
    code = f"import sys; sys.modules[{module!r}] = None; from bento.store.remotes.remote import Remote; Remote({url!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == f"bento.errors.RemoteError: cannot reach {url} {message}"
