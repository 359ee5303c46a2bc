"""How many files this process may have open at once: each connection is one."""

from __future__ import annotations

import contextlib
import resource

from ...errors import ServerError

# A limit beyond it would cost programs that look at every number of a file up to it.
_MANY = 65_536
# What two processes and their loops need before the first connection, and some for the service.
_FEWEST = 32


def raise_file_limit() -> None:
    """Let this process, and those that come from it, open as many files as it may choose itself.

    A shell or systemd allows 1,024 unless asked for more, for the sake of programs that use `select`. Connections beyond that are
    closed by libuv as soon as they are made. Too few for a server to start are a ServerError. Source: getrlimit(2); "File Descriptor
    Limits" by the author of systemd.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _FEWEST:
        raise ServerError(f"a server needs to open {_FEWEST} files at least, and may open {hard}: raise the hard limit of open files")
    most = _MANY if hard == resource.RLIM_INFINITY else min(hard, _MANY)
    if soft != resource.RLIM_INFINITY and soft < most:
        # macOS has a limit of its own, of which it tells nobody.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
