"""This machine: shared libraries, Debian packages and GPUs, found without running any code of a bundle or of its requirements."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..requirements.closure import closure
from .finding import Finding

if TYPE_CHECKING:
    from ..installed.environment import Environment, Installed
    from ..manifest.manifest import Manifest
    from .finding import Result

_LIBRARY: Final = re.compile(r"\.so(\.[0-9]+)*$")
_NOT_FOUND: Final = re.compile(r"^\s+(\S+) => not found$", re.MULTILINE)
_FOR_GPUS: Final = re.compile(r"^(nvidia-|.*-gpu==|.*-cu(da)?[0-9]{2}|.*\+cu[0-9])")
# Libraries that a build for GPUs opens only if there is a GPU.
_OF_GPUS: Final = re.compile(r"lib(cu|nv|nccl|amdhip|hip|roc)")
_CONDA_FOR_GPUS: Final = re.compile(r"cuda|cudnn|-gpu\b")
_ON_GPU: Final = re.compile(r"(cuda|gpu|hip|rocm|xpu)(:[0-9]+)?", re.IGNORECASE)
# Device files of drivers that list no cards.
_DEVICES: Final = MappingProxyType({"/dev/kfd": "AMD", "/dev/dxg": "WSL"})
_CARDS: Final = Path("/proc/driver/nvidia/gpus")


def shared_libraries(requirements: Sequence[str], environment: Environment) -> Iterator[Finding]:
    """The libraries that compiled files of a bundle's distributions need, and that neither this system nor any distribution has."""
    compiled = {installed: files for installed in closure(requirements, environment) if (files := _compiled(installed))}
    wanted = f"for {sum(map(len, compiled.values()))} compiled files"
    if compiled and not _can_tell():
        yield Finding("libraries", "", wanted, "", "unknown", "only the ldd of the GNU C library can tell, and it is not here")
        return
    brought = {path.name for each in environment.distributions.values() for path in each.files if _LIBRARY.search(path.name)}
    missing = [(library, each) for each, files in compiled.items() for library in sorted(_unresolved(files) - brought)]
    yield from (_missing_library(library, each) for library, each in missing)
    if not missing:
        yield Finding("libraries", "", wanted, "all", "ok")


def _missing_library(name: str, installed: Installed) -> Finding:
    if _OF_GPUS.match(name):
        return Finding("library", name, f"for {installed}", "none", "differs", "it is for a GPU, and needed only if one is used")
    return Finding("library", name, f"for {installed}", "none", "missing", "install the system's package that has it")


def debian_packages(wanted: str) -> Finding:
    """Whether a package that `Env(apt=...)` names is installed, on a Debian."""
    name, _, version = wanted.partition("=")
    query = shutil.which("dpkg-query")
    if query is None:
        return Finding("apt", name, version or "any", "no Debian", "unknown")
    command = [query, "--show", "--showformat", "${db:Status-Status} ${Version}\n", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a name that `Env` has checked
    here = [line.partition(" ")[2] for line in done.stdout.splitlines() if line.startswith("installed ")]
    if not here:
        return Finding("apt", name, version or "any", "none", "missing", f"apt-get install {wanted}")
    return Finding("apt", name, version or "any", here[0], "ok" if version in ("", here[0]) else "differs")


def gpus(manifest: Manifest) -> Finding:
    """The GPUs here, and the parts of a bundle that are made for GPUs; a model that is placed on a GPU cannot be loaded without one."""
    placed = [*_placed(manifest)]
    wanted = ", ".join([*placed, *_made_for_gpus(manifest)])
    cards = [match[1] for path in sorted(_CARDS.glob("*/information")) if (match := re.search(r"Model:\s*(.+)", path.read_text("utf-8")))]
    cards = cards or [maker for path, maker in _DEVICES.items() if Path(path).exists()]
    result: Result = "ok" if cards or not wanted else "missing" if placed else "differs"
    advice = "save it with device='auto', or run it where there is one" if result == "missing" else ""
    return Finding("gpu", "", wanted or "not said", ", ".join(cards) or "none", result, advice)


def _placed(manifest: Manifest) -> Iterator[str]:
    """Models and adapters whose options place them on a GPU."""
    named = [(f"model {entry.slot}", entry.options) for entry in manifest.artifacts]
    for api in manifest.apis:
        named += [(f"api {api.name}", adapter.options) for adapter in (api.input, api.output) if adapter is not None]
    for name, options in named:
        device = options.get("device")
        if isinstance(device, str) and _ON_GPU.fullmatch(device):
            yield f"{name} on {device}"


def _made_for_gpus(manifest: Manifest) -> Iterator[str]:
    conda = manifest.env.conda.dependencies if manifest.env.conda else ()
    image = manifest.env.base_image or ""
    yield from (text for text in manifest.requirements if _FOR_GPUS.match(text))
    yield from (text for text in conda if _CONDA_FOR_GPUS.search(text))
    if "cuda" in image or "rocm" in image:
        yield image


def _compiled(installed: Installed) -> list[Path]:
    files = (installed.site / path for path in installed.files if _LIBRARY.search(path.name))
    return [file for file in files if file.is_file()]


def _can_tell() -> bool:
    return platform.libc_ver()[0] == "glibc" and shutil.which("ldd") is not None


def _unresolved(files: Sequence[Path]) -> set[str]:
    """The libraries that the system's linker does not find; it only reads the files, and none of their code runs."""
    done = subprocess.run(  # noqa: S603 - files that an installer recorded
        [str(shutil.which("ldd")), *map(str, files)], capture_output=True, text=True, check=False
    )
    return set(_NOT_FOUND.findall(done.stdout))
