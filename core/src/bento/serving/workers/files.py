"""How many files this process may have open at once: each connection is one."""

from __future__ import annotations

import contextlib
import resource

from ...errors import ServerError

# A higher limit would slow down programs that go through every possible file number.
_MANY = 65_536
# What two processes and their loops need before the first connection, and some for the service.
_FEWEST = 32


def raise_file_limit() -> None:
    """Raise the limit of open files as far as this process may, also for the processes that come from it.

    A shell or systemd allows 1,024 unless asked for more, for the sake of programs that use `select`. libuv closes connections beyond the
    limit as soon as they are made. A limit that is too low for a server to start is a ServerError. Source: getrlimit(2); "File Descriptor
    Limits" by the author of systemd.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _FEWEST:
        raise ServerError(f"a server needs to open {_FEWEST} files at least, and may open {hard}: raise the hard limit of open files")
    most = _MANY if hard == resource.RLIM_INFINITY else min(hard, _MANY)
    if soft != resource.RLIM_INFINITY and soft < most:
        # macOS has a further limit, which cannot be asked for.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
