"""What libvirt refuses in logins and in encryption, and in the secrets that they point to."""

from collections.abc import Iterator

from lxml import etree

from .problems import Problem
from .sights import Sight, where_written

_AUTH = {  # protocols with a login, and the kind of secret that they want
    "iscsi": "iscsi", "rbd": "ceph", "http": None, "https": None, "ftp": None, "ftps": None,
    "ssh": None,
}  # fmt: skip
_SECRETS = ("none", "volume", "ceph", "iscsi", "tls", "vtpm")  # virSecretUsageType
_AUTH_TYPES = ("none", "chap", "ceph")


@where_written("auth")
def auth(sight: Sight) -> Iterator[Problem]:
    """The login, with a secret that libvirt keeps elsewhere."""
    own = sight.child("auth")
    if own is not None:
        yield from _login(sight, own, "auth", sight.protocol)
    for source in sight.sources:
        if (inner := source.element.find("auth")) is not None:
            yield from _login(sight, inner, f"{source.path}/auth", source.protocol)
            if own is not None and not source.above:
                yield sight.find("auth-twice", "auth")


def _login(sight: Sight, auth: etree._Element, path: str, protocol) -> Iterator[Problem]:
    if auth.get("type") is not None and auth.get("type") not in _AUTH_TYPES:
        yield sight.find("auth-type", f"{path}/@type", type=auth.get("type"))
    if (secret := auth.find("secret")) is None:
        return
    yield from _reference(sight, secret, f"{path}/secret")
    if protocol is None:
        return
    if protocol not in _AUTH:
        yield sight.find("auth-not-of-protocol", path, protocol=protocol)
        return
    kind, wanted = secret.get("type"), _AUTH[protocol]
    if kind not in _SECRETS or wanted not in (None, kind):
        facts = {"type": kind, "wanted": wanted or "iscsi"}
        yield sight.find("auth-secret-type", f"{path}/secret/@type", **facts)


def _reference(sight: Sight, secret: etree._Element, path: str) -> Iterator[Problem]:
    """A secret is named by its uuid or by its usage."""
    named = [name for name in ("uuid", "usage") if secret.get(name) is not None]
    if len(named) != 1:
        yield sight.find("secret-not-named" if not named else "secret-named-twice", path)


@where_written("encryption")
def encryption(sight: Sight) -> Iterator[Problem]:
    """Encrypted images: LUKS, with a secret."""
    own = sight.child("encryption")
    if own is not None:
        yield from _encrypted(sight, own, "encryption", sight.type, sight.format)
    for source in sight.sources:
        if (inner := source.element.find("encryption")) is not None:
            path = f"{source.path}/encryption"
            yield from _encrypted(sight, inner, path, source.type, source.format)
            if own is not None and not source.above:
                yield sight.find("encryption-twice", "encryption")


def _encrypted(sight: Sight, element: etree._Element, path: str, kind, image) -> Iterator[Problem]:
    format, engine = element.get("format"), element.get("engine", "qemu")
    secrets = element.findall("secret")
    for secret in secrets:
        yield from _reference(sight, secret, f"{path}/secret")
        if secret.get("type") != "passphrase":
            yield sight.find("encryption-secret-type", f"{path}/secret/@type", secret)
    if format in ("default", "qcow"):
        yield sight.find("encryption-old", f"{path}/@format", format=format)
    elif engine == "qemu" and format in ("luks2", "luks-any"):
        yield sight.find("encryption-not-in-qemu", f"{path}/@format", format=format)
    elif engine == "qemu" and image not in ("raw", "qcow2"):
        yield sight.find("encryption-of-format", path, format=image)
    elif engine == "librbd" and kind != "network":
        yield sight.find("librbd-not-rbd", f"{path}/@engine", type=kind)
    if format == "luks" and element.find("cipher") is not None:
        yield sight.find("encryption-cipher", f"{path}/cipher")
    elif format == "luks" and element.find("ivgen") is not None:
        yield sight.find("encryption-ivgen", f"{path}/ivgen")
    if not secrets and not sight.on("sd"):
        is_refused = image == "raw" or engine == "librbd"  # (of librbd, libvirt 9.0 crashes)
        code = "encryption-without-secret" if is_refused else "encryption-unopened"
        yield sight.find(code, path)
    elif len(secrets) > 1 and engine == "qemu":
        yield sight.find("encryption-secrets", f"{path}/secret", secrets[1], count=len(secrets))
