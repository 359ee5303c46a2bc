"""What to do if a remote does not answer, or does not get a login."""

from __future__ import annotations

from typing import Final

from ..reason import innermost
from .patience import VARIABLE, silence

_SAYS_WHERE: Final = {
    "s3": "AWS_ENDPOINT_URL, if it is set, is its address",
    "gs": "STORAGE_EMULATOR_HOST, if it is set, is its address",
    "az": "AZURE_STORAGE_ACCOUNT_NAME or AZURE_STORAGE_CONNECTION_STRING names it",
}
_SAYS_WHO: Final = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE,",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY,",
}
# Names of error classes, because their libraries need not be installed: botocore, aiohttp, azure-core, google-auth, and Python's own.
_SILENT: Final = frozenset({"ReadTimeoutError", "ServiceResponseTimeoutError", "SocketTimeoutError"})
_AWAY: Final = frozenset({"ClientConnectionError", "ConnectTimeoutError", "ConnectionError", "ServiceRequestError", "gaierror"})
_UNKNOWN: Final = frozenset({"ClientAuthenticationError", "DefaultCredentialsError", "NoCredentialsError", "PartialCredentialsError"})
_NO_ACCOUNT: Final = "Must provide either a connection_string or account_name"  # adlfs's
_NO_GREETING: Final = "Error reading SSH protocol banner"


def way_out(error: BaseException, url: str) -> str:
    """The end of an error message: what to do about an error of these kinds; empty for any other."""
    scheme, cause = url.partition("://")[0], innermost(error)
    names = {kind.__name__ for kind in type(cause).__mro__}
    if names & _SILENT or type(cause) is TimeoutError or str(cause) == _NO_GREETING:
        return f": it is silent for longer than {VARIABLE} allows, {silence():g} seconds"
    if names & _AWAY:
        return f": see whether the server is up, and whether {_SAYS_WHERE.get(scheme, 'the URL is its address')}"
    if scheme in _SAYS_WHO and (names & _UNKNOWN or _NO_ACCOUNT in str(cause)):
        return f": {_SAYS_WHO[scheme]} may say who you are"
    return ""
