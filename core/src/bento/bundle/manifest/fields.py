"""The types of a manifest's fields: one for each kind of value, refusing all others, whatever the value is used for later."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from ...env import Env, check_requirement
from ...env.conda import Conda
from ...payload import parse_content_type
from ...tag import Tag
from .checks import Amount, Text, Whole, flag, json_object

TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
"""UTC, whole seconds."""

_DRIVE: Final = re.compile(r"[A-Za-z]:")
_LONGEST_NAME: Final = 255
_DEEPEST: Final = 32
_NAME: Final = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?"
# Source: RFC 6838, section 4.2 (restricted names), and the ranges that an adapter may read.
_MEDIA_TYPE: Final = r"(\*|[a-z0-9][a-z0-9!#$&^_.+-]*)/(\*|[a-z0-9][a-z0-9!#$&^_.+-]*)"


def _matches(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).fullmatch


def _is_time(text: str) -> bool:
    # Not `strptime`, which imports the `calendar` module.
    return datetime.fromisoformat(text).strftime(TIME_FORMAT) == text


def _is_word(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def is_reference(text: str) -> bool:
    """Whether a text is `module:Class`, in names that Python can import."""
    module, _, name = text.partition(":")
    return all(_is_word(part) for part in (*module.split("."), *name.split(".")))


def _is_file_path(text: str) -> bool:
    names = text.split("/")
    fits = len(names) <= _DEEPEST and all(len(name.encode()) <= _LONGEST_NAME for name in names)
    return fits and not {"", ".", ".."} & set(names) and not _DRIVE.match(text) and "\\" not in text


def _is_requirement(text: str) -> bool:
    check_requirement(text)
    return re.fullmatch(r"[A-Za-z0-9 ._,<>=!~;()\[\]\"'*+-]+", text) is not None


file_path: Final = Text("a relative path like 'src/iris.py'", _is_file_path, 1024)
label_name: Final = Text("a label's name of up to 64 letters, digits, '.', '_' and '-'", _matches(_NAME))
label_value: Final = Text("a label's value of up to 256 characters on one line", lambda _: True)
example_name: Final = Text("an example's name of up to 64 letters, digits, '.', '_' and '-'", _matches(_NAME))

BundleName = Annotated[str, Text("a bundle name like 'iris'", Tag)]
Version = Annotated[str, Text("a version like '20261122T101500-3f9a1c'", lambda text: not Tag("any", text).is_latest)]
Timestamp = Annotated[str, Text("a time like '2026-11-22T10:15:00Z'", _is_time)]
LabelName = Annotated[str, label_name]
LabelValue = Annotated[str, label_value]
ExampleName = Annotated[str, example_name]
Identifier = Annotated[str, Text("a name of ASCII letters, digits and '_'", lambda text: text.isascii() and _is_word(text))]
Reference = Annotated[str, Text("a class like 'iris:Iris'", is_reference)]
Route = Annotated[str, Text("a path like '/predict'", lambda text: text.isascii() and text[:1] == "/" and _is_word(text[1:]))]
Doc = Annotated[str, Text("a text of up to 65536 characters", lambda _: True, 65536, "\n\t")]
FormatName = Annotated[str, Text("a name like 'sklearn'", _matches(_NAME))]
TypeName = Annotated[str, Text("a type's name of up to 256 characters", bool)]
DistributionName = Annotated[str, Text("a distribution's name like 'bento-core'", _matches(_NAME))]
DistributionVersion = Annotated[str, Text("a distribution's version like '0.4.0'", _matches(r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,127}"))]
Requirement = Annotated[str, Text("a requirement like 'numpy==2.1.0'", _is_requirement, 1024)]
PythonVersion = Annotated[str, Text("a Python version like '3.11.7'", _matches(r"3\.[0-9]{1,2}\.[0-9]{1,3}"))]
PythonChoice = Annotated[str, Text("a Python version like '3.12'", lambda text: Env(python_version=text))]
AptPackage = Annotated[str, Text("a Debian package like 'libgomp1'", lambda text: Env(apt=[text]))]
BaseImage = Annotated[str, Text("an image like 'python:3.12-slim'", lambda text: Env(base_image=text), 512)]
CondaSpec = Annotated[str, Text("a conda dependency like 'gdal=3.9'", lambda text: Conda((text,)))]
CondaChannel = Annotated[str, Text("a conda channel like 'conda-forge'", lambda text: Conda((), (text,)))]
Platform = Annotated[str, Text("a platform like 'linux-x86_64'", _matches(r"[a-z0-9][A-Za-z0-9._-]{0,63}"))]
Commit = Annotated[str, Text("a commit of Git in lower-case hex", _matches(r"[0-9a-f]{40}([0-9a-f]{24})?"))]
MediaType = Annotated[str, Text("a media type like 'application/json'", _matches(_MEDIA_TYPE))]
ContentType = Annotated[str, Text("a content type like 'text/plain; charset=utf-8'", lambda text: parse_content_type(text)[0])]
FilePath = Annotated[str, file_path]
Sha256 = Annotated[str, Text("a SHA-256 digest in lower-case hex", _matches(r"[0-9a-f]{64}"))]
Format = Annotated[int, Whole("the number of a format", 1)]
Size = Annotated[int, Whole("a size in bytes", 0)]
Rows = Annotated[int, Whole("1 or more rows", 1)]
Wait = Annotated[float, Amount("0 or more seconds", zero=True)]
Timeout = Annotated[float, Amount("more than 0 seconds", zero=False)]
Tolerance = Annotated[float, Amount("a tolerance of 0 or more", zero=True)]
Flag = Annotated[bool, flag]
JsonObject = Annotated[Mapping[str, Any], json_object]
