"""The provenance of a bundle, for people."""

from __future__ import annotations

from typing import Any


def origins(told: dict[str, Any]) -> dict[str, str | list[str]]:
    """How a bundle was made and how it came here, in the order in which it happened."""
    files = [told[name] for name in ("sbom", "lock") if told[name]]
    return {
        "tag": told["tag"],
        "fingerprint": f"sha256:{told['fingerprint']}",
        "made": f"{told['created']} with bento-core {told['bento']}, Python {told['python']} on {told['platform']}",
        "code": [told["service"], _commit(told["code"])],
        "materials": [f"{file['path']}, sha256:{file['sha256']}" for file in files],
        "signed": [_signature(each) for each in told["signatures"]] or "by nobody",
        "came from": _origin(told),
        "trusted": _trusted(told["trusted"]),
    }


def _commit(code: dict[str, Any] | None) -> str:
    if code is None:
        return "no Git commit is known"
    return f"{code['path']} of commit {code['commit']}" + (", with changes that it does not have" if code["dirty"] else "")


def _signature(signature: dict[str, Any]) -> str:
    named = signature["file"] or "which you have not named"
    verdict = "WRONG: it, or the bundle, has changed since: " if signature["holds"] is False else ""
    if "key" in signature:
        return f"{verdict}by the key {signature['key']}, {named}"
    if signature["identity"] is None:
        return "through Sigstore, whose library, bento-core[sigstore], can tell whose it is"
    return f"{verdict}{'' if signature['file'] else 'says that it is '}by {signature['identity']} of {signature['issuer']}, {named}"


def _origin(told: dict[str, Any]) -> str:
    origin, trusted = told["origin"], told["trusted"] or {}
    if origin:
        return f"{origin['origin']}, {_when(origin)}"
    return "saved here" if trusted.get("how") == "saved" else "unknown"


def _trusted(trusted: dict[str, str] | None) -> str:
    if trusted is None:
        return "no: its code does not run here until you allow it"
    when = _when(trusted)
    return f"yes: {trusted['how']}" + (f", {when}" if when else "")


def _when(note: dict[str, str]) -> str:
    return " by ".join(filter(None, (note.get("when"), note.get("by"))))
