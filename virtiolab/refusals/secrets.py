"""What libvirt refuses in logins and in encryption, and in the secrets that they point to."""

from collections.abc import Iterator

from lxml import etree

from .context import Context, where_written
from .problems import Problem

_AUTH = {  # protocols with a login, and the kind of secret that they want
    "iscsi": "iscsi", "rbd": "ceph", "http": None, "https": None, "ftp": None, "ftps": None,
    "ssh": None,
}  # fmt: skip
_SECRETS = ("none", "volume", "ceph", "iscsi", "tls", "vtpm")  # virSecretUsageType
_AUTH_TYPES = ("none", "chap", "ceph")


@where_written("auth")
def auth(context: Context) -> Iterator[Problem]:
    """The login, with a secret that libvirt keeps elsewhere."""
    own = context.child("auth")
    if own is not None:
        yield from _login(context, own, "auth", context.protocol)
    for source in context.sources:
        if (inner := source.element.find("auth")) is not None:
            yield from _login(context, inner, f"{source.path}/auth", source.protocol)
            if own is not None and not source.above:
                yield context.find("auth-twice", "auth")


def _login(context: Context, auth: etree._Element, path: str, protocol) -> Iterator[Problem]:
    if auth.get("type") is not None and auth.get("type") not in _AUTH_TYPES:
        yield context.find("auth-type", f"{path}/@type", type=auth.get("type"))
    if (secret := auth.find("secret")) is None:
        return
    yield from _reference(context, secret, f"{path}/secret")
    if protocol is None:
        return
    if protocol not in _AUTH:
        yield context.find("auth-not-of-protocol", path, protocol=protocol)
        return
    kind, wanted = secret.get("type"), _AUTH[protocol]
    if kind not in _SECRETS or wanted not in (None, kind):
        facts = {"type": kind, "wanted": wanted or "iscsi"}
        yield context.find("auth-secret-type", f"{path}/secret/@type", **facts)


def _reference(context: Context, secret: etree._Element, path: str) -> Iterator[Problem]:
    """A secret is named by its uuid or by its usage."""
    named = [name for name in ("uuid", "usage") if secret.get(name) is not None]
    if len(named) != 1:
        yield context.find("secret-not-named" if not named else "secret-named-twice", path)


@where_written("encryption")
def encryption(context: Context) -> Iterator[Problem]:
    """Encrypted images: LUKS, with a secret."""
    own = context.child("encryption")
    if own is not None:
        yield from _encrypted(context, own, "encryption", context.type, context.format)
    for source in context.sources:
        if (inner := source.element.find("encryption")) is not None:
            path = f"{source.path}/encryption"
            yield from _encrypted(context, inner, path, source.type, source.format)
            if own is not None and not source.above:
                yield context.find("encryption-twice", "encryption")


def _encrypted(
    context: Context, element: etree._Element, path: str, kind, image
) -> Iterator[Problem]:
    format, engine = element.get("format"), element.get("engine", "qemu")
    secrets = element.findall("secret")
    for secret in secrets:
        yield from _reference(context, secret, f"{path}/secret")
        if secret.get("type") != "passphrase":
            yield context.find("encryption-secret-type", f"{path}/secret/@type", secret)
    if format in ("default", "qcow"):
        yield context.find("encryption-old", f"{path}/@format", format=format)
    elif engine == "qemu" and format in ("luks2", "luks-any"):
        yield context.find("encryption-not-in-qemu", f"{path}/@format", format=format)
    elif engine == "qemu" and image not in ("raw", "qcow2"):
        yield context.find("encryption-of-format", path, format=image)
    elif engine == "librbd" and kind != "network":
        yield context.find("librbd-not-rbd", f"{path}/@engine", type=kind)
    if format == "luks" and element.find("cipher") is not None:
        yield context.find("encryption-cipher", f"{path}/cipher")
    elif format == "luks" and element.find("ivgen") is not None:
        yield context.find("encryption-ivgen", f"{path}/ivgen")
    if not secrets and not context.on("sd"):
        is_refused = image == "raw" or engine == "librbd"  # (of librbd, libvirt 9.0 crashes)
        code = "encryption-without-secret" if is_refused else "encryption-unopened"
        yield context.find(code, path)
    elif len(secrets) > 1 and engine == "qemu":
        yield context.find("encryption-secrets", f"{path}/secret", secrets[1], count=len(secrets))
