"""What to do when nobody answers at a remote: whom to look for, and how long it may take."""

from __future__ import annotations

from typing import Final

from .patience import VARIABLE, silence
from .reason import innermost

_SAYS_WHERE: Final = {
    "s3": "AWS_ENDPOINT_URL, if it is set, is its address",
    "gs": "STORAGE_EMULATOR_HOST, if it is set, is its address",
    "az": "AZURE_STORAGE_ACCOUNT_NAME or AZURE_STORAGE_CONNECTION_STRING names it",
}
# Names, since none of the libraries that raise these has to be there: botocore, aiohttp, azure-core and Python itself.
_SILENT: Final = frozenset({"ReadTimeoutError", "ServiceResponseTimeoutError", "SocketTimeoutError"})
_AWAY: Final = frozenset({"ClientConnectionError", "ConnectTimeoutError", "ConnectionError", "ServiceRequestError", "gaierror"})
_NO_GREETING: Final = "Error reading SSH protocol banner"


def way_out(error: BaseException, url: str) -> str:
    """What to do about an error, as the end of a sentence, when it is that nobody answers at a URL; nothing for any other."""
    cause = innermost(error)
    names = {kind.__name__ for kind in type(cause).__mro__}
    if names & _SILENT or type(cause) is TimeoutError or str(cause) == _NO_GREETING:
        return f": it is silent for longer than {VARIABLE} allows, {silence():g} seconds"
    if names & _AWAY:
        where = _SAYS_WHERE.get(url.partition("://")[0], "the URL is its address")
        return f": see whether the server is up, and whether {where}"
    return ""
