"""With many processes, some of which die, a tag is a whole bundle or does not exist."""

from __future__ import annotations

import pytest

import bento
from bento import Store
from bento.bundle import verify
from bento.store.cache.bundles import place_of
from forking import kill

SAVE = """
from bento.errors import StoreError
print("ready", flush=True)
input()
try:
    print(store.save(service, version={version!r}).tag)
except StoreError as error:
    print(error)
"""

# Waits in the middle of a save, when the files exist and are being hashed.
WAIT = """
def progress(done):
    global waited
    if not waited:
        waited = True
        print("saving", flush=True)
        input()
waited = False
print(store.save(service, version="slow", progress=progress).tag)
"""

# Kills a child at each of its changes to the disk in turn, until one finishes. A first save takes twice as long as later ones.
KILL = """
import itertools, signal
from bento.bundle import verify

STEPS = {{"os.mkdir", "os.rename", "os.rmdir", "os.remove", "os.chmod", "os.link"}}

def attempt(step):
    count = itertools.count(1)
    def die(event, arguments):
        changes = event in STEPS or (event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_CREAT | os.O_WRONLY))
        if changes and next(count) == step:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(die)
    {action}
    os._exit(0)

Store(store.root.with_name("earlier")).save(service, version="1")
killed = 0
for step in itertools.count(1):
    {before}
    child = os.fork()
    if not child:
        attempt(step)
    if os.waitpid(child, 0)[1] == 0:
        break
    killed += 1
    for bundle in store.list():
        verify(bundle)
print(killed)
"""


# Deletes everything at each of a child's reads of the disk in turn, until a child finishes before its turn.
DELETE = """
import fcntl, itertools, shutil
from bento.errors import NotFound
from bento.store.cache.bundles import place_of
from bento.store.cache.prune import prune

STEPS = {{"open", "os.listdir", "os.mkdir", "os.scandir", "os.utime"}}
rival = Store(Path({place!r}))

def delete():
    if is_free(rival.root / ".lock"):
        for each in rival.summaries():
            rival.delete(each.tag)

def is_free(lock):
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

def attempt(step):
    count = itertools.count(1)
    def interfere(event, arguments):
        if event in STEPS and str(arguments[0]).startswith(str(rival.root)) and next(count) == step:
            delete()
    sys.addaudithook(interfere)
    {action}
    os._exit(0 if next(count) <= step else 3)

for version in "12":
    store.save(service, version=version)
deleted = 0
for step in itertools.count(1):
    shutil.rmtree(rival.root, ignore_errors=True)
    shutil.copytree(store.root / "bundles", rival.root / "bundles")
    (rival.root / ".lock").touch()
    child = os.fork()
    if not child:
        attempt(step)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 0:
        break
    assert status == 3, (step, status)
    deleted += 1
print(deleted)
"""


def outcome(process) -> str:
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out.splitlines()[-1]


@pytest.mark.parametrize("version", ["3", None])
def test_of_many_saves_at_once_one_gets_a_named_version_and_each_gets_a_default_one(store, run, version):
    processes = [run(SAVE.format(version=version)) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    lines = [outcome(process) for process in processes]
    tags = [str(bundle.tag) for bundle in store.list()]
    taken = f"version iris:3 exists in the store at {store.root}: choose another version, or delete that one first"
    assert sorted(lines) == ["iris:3", *[taken] * 3] if version else set(lines) == set(tags)
    for bundle in store.list():
        verify(bundle)


def test_the_workspace_of_a_living_process_is_left_alone(store, service, run):
    slow = run(WAIT)
    assert slow.stdout.readline() == "saving\n"
    store.save(service, version="1")
    store.delete("iris:1")
    slow.stdin.write("\n")
    assert outcome(slow) == "iris:slow"
    verify(store.get("iris:slow"))


def test_leftovers_of_a_killed_process_are_removed_by_the_next_save(store, service, run):
    slow = run(WAIT)
    assert slow.stdout.readline() == "saving\n"
    assert kill(slow) == ""
    assert store.list() == []
    assert len(list((store.root / "tmp").iterdir())) == 2
    store.save(service, version="1")
    assert list((store.root / "tmp").iterdir()) == []


def test_a_save_killed_at_any_step_leaves_only_whole_bundles(store, service, run):
    killed = int(outcome(run(KILL.format(before="", action='store.save(service, version=f"v{step}")'))))
    assert killed > 20
    store.save(service, version="1")
    assert list((store.root / "tmp").iterdir()) == []
    delete_all(store)


def test_a_delete_killed_at_any_step_leaves_only_whole_bundles(store, run):
    before = 'store.list() or store.save(service, version="1")'
    killed = int(outcome(run(KILL.format(before=before, action='store.delete("iris")'))))
    assert killed > 5
    assert store.list() == []
    delete_all(store)


def test_a_delete_killed_at_any_step_harms_no_bundle_that_shares_its_files(store, service, run):
    store.save(service, version="kept")
    before = '[each.version for each in store.list()] == ["kept"] and store.save(service, version="1")'
    killed = int(outcome(run(KILL.format(before=before, action='store.delete("iris:1")'))))
    assert killed > 5
    assert [bundle.version for bundle in store.list()] == ["kept"]
    delete_all(store)


def test_a_pull_killed_at_any_step_leaves_only_whole_bundles_and_the_next_one_goes_on(store, service, run, tmp_path):
    remote, elsewhere = f"file://{tmp_path}/remote", Store(tmp_path / "elsewhere")
    bento.push(elsewhere.save(service, version="1"), remote, store=elsewhere)
    action = f'import bento; bento.pull("iris:1", {remote!r}, store=store)'
    killed = int(outcome(run(KILL.format(before='store.list() and store.delete("iris:1")', action=action))))
    assert killed > 20
    assert store.get("iris:1").fingerprint == elsewhere.get("iris:1").fingerprint
    assert list((store.root / "partial").iterdir()) == []
    delete_all(store)


def test_a_list_killed_at_any_step_leaves_an_index_that_is_right_or_made_again(store, service, run):
    for version in "12":
        store.save(service, version=version)
    before = '(store.root / "index").unlink(missing_ok=True)'
    killed = int(outcome(run(KILL.format(before=before, action="assert len(store.summaries()) == 2"))))
    assert killed >= 2
    assert {each.version for each in store.summaries()} == {"1", "2"}


def test_processes_that_save_and_delete_bundles_with_shared_files_leave_only_whole_ones(store, service, run):
    code = """
from bento.bundle import verify
input()
for number in range(8):
    store.delete(store.save(service, version=f"{os.getpid()}-{number}").tag)
print(verify(store.get("iris:kept")))
"""
    store.save(service, version="kept")
    processes = [run(code) for _ in range(3)]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [outcome(process) for process in processes] == ["None"] * 3
    delete_all(store)


@pytest.mark.parametrize(
    "action",
    [
        """
    try:
        assert rival.get("iris:1").version == "1"
    except NotFound as error:
        assert str(error).startswith("no bundle iris:1 in the store")
""",
        "assert len(prune(store.root, max_size=0)[1]) == 0",
    ],
    ids=["found", "pruned"],
)
def test_a_bundle_that_another_process_deletes_meanwhile_counts_as_missing(store, run, action, tmp_path):
    place = place_of("file:///remote", store.root)
    deleted = int(outcome(run(DELETE.format(action=action, place=str(place)))))
    assert deleted >= 1


def delete_all(store) -> None:
    """No blob is left without a bundle, whatever has happened before: a delete that finds leftovers looks at all blobs."""
    (store.root / "tmp" / "killed.lease").touch()
    for bundle in store.list():
        verify(bundle)
        store.delete(bundle.tag)
    assert list((store.root / "blobs").iterdir()) == []
