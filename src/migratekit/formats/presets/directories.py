"""
Directories and mail servers.
"""

from typing import Final, Unpack

from migratekit.formats.bcrypt import Bcrypt
from migratekit.formats.cleartext import ClearText
from migratekit.formats.crypt import Crypt
from migratekit.formats.digest import Digest
from migratekit.formats.dovecot import CramMd5
from migratekit.formats.format import Format
from migratekit.formats.iterated import Iterated
from migratekit.formats.kdf import Argon2, Pbkdf2
from migratekit.formats.layout import Layout
from migratekit.formats.libcrypt import Yescrypt
from migratekit.formats.presets._make import Options, first_of, made
from migratekit.formats.scheme import FirstOf, InBraces, Prefixed, Scheme
from migratekit.formats.scram import Scram


_SHA2: Final = {"sha256": 32, "sha384": 48, "sha512": 64}
_SIZES: Final = {"md5": 16, "sha1": 20, **_SHA2}


def _ldap_digests() -> InBraces:
    names = {"md5": "MD5", "sha1": "SHA", **{name: name.upper() for name in _SHA2}}
    schemes: list[tuple[str, Scheme]] = []
    for digest, name in names.items():
        plain = Layout(f"{{{{{name}}}}}{{key:base64}}", any_case=True)
        schemes.append((name, Digest(f"{digest}($pass)", layout=plain)))
        key = f"key[{_SIZES[digest]}]+salt[1-64]"
        salted = Layout(f"{{{{S{name}}}}}{{{key}:base64}}", any_case=True)
        schemes.append((f"S{name}", Digest(f"{digest}($pass.$salt)", layout=salted)))
    return InBraces(tuple(schemes))


LDAP_DIGESTS: Final = _ldap_digests()
CRYPT: Final = FirstOf(
    (
        Bcrypt(),
        Crypt("sha512_crypt"),
        Crypt("sha256_crypt"),
        Crypt("md5_crypt"),
        Crypt("des_crypt", required=False),
        Crypt("bsdi_crypt", required=False),
        Crypt("sha1_crypt", required=False),
        Crypt("sun_md5_crypt", required=False),
        Yescrypt("$y$", required=False),
        Yescrypt("$gy$", required=False),
    )
)
_LDAP_CRYPT: Final = Prefixed("{CRYPT}", CRYPT, any_case=True)
_LDAP_BCRYPT: Final = Prefixed("{BCRYPT}", Bcrypt(), any_case=True)
_LDAP_PBKDF2: Final = FirstOf(
    (
        *(
            Pbkdf2(
                Layout(
                    f"{{{{{name}}}}}{{rounds:int}}${{salt:base64}}${{key:base64}}",
                    any_case=True,
                ),
                digest=digest,
            )
            for name, digest in (
                ("PBKDF2", "sha1"),
                ("PBKDF2-SHA1", "sha1"),
                ("PBKDF2-SHA256", "sha256"),
                ("PBKDF2-SHA512", "sha512"),
            )
        ),
        # 389-ds before 1.4.
        Pbkdf2(
            "{{PBKDF2_SHA256}}{rounds[u4]+salt[64]+key[256]:base64}",
            digest="sha256",
            key_lengths={256},
        ),
        # OpenDJ, ForgeRock DS and PingDirectory.
        *(
            Pbkdf2(
                f"{{{{PBKDF2-HMAC-{digest.upper()}}}}}{{rounds:int}}"
                f":{{key[{_SIZES[digest]}]+salt[8-64]:base64}}",
                digest=digest,
            )
            for digest in ("sha256", "sha512")
        ),
    )
)


def ldap(*, cleartext: bool = False, **options: Unpack[Options]) -> Format:
    """
    ``userPassword`` of OpenLDAP, 389-ds, OpenDJ, ApacheDS: all schemes in braces.

    *cleartext* switches ``{CLEARTEXT}`` on.  Source: RFC 2307 and the manuals.
    """
    schemes: list[Scheme] = [
        LDAP_DIGESTS,
        _LDAP_CRYPT,
        _LDAP_BCRYPT,
        _LDAP_PBKDF2,
        _LDAP_ARGON2,
    ]
    if cleartext:
        schemes.append(Prefixed("{CLEARTEXT}", ClearText(), any_case=True))
    return made("ldap", first_of(*schemes), options)


_LDAP_ARGON2: Final = Prefixed("{ARGON2}", Argon2(), any_case=True)


def ldap_digest(**options: Unpack[Options]) -> Format:
    """
    ``{SHA}``, ``{SSHA}``, ``{SSHA256}``, ``{SMD5}`` and the others, in any letter case.

    Source: RFC 2307 and OpenLDAP's pw-sha2.
    """
    return made("ldap_digest", LDAP_DIGESTS, options)


def ldap_crypt(**options: Unpack[Options]) -> Format:
    """
    ``{CRYPT}`` and a hash of crypt(3), in any letter case.

    Source: OpenLDAP's manual.
    """
    return made("ldap_crypt", _LDAP_CRYPT, options)


def ldap_bcrypt(**options: Unpack[Options]) -> Format:
    """
    ``{BCRYPT}``, of pw-bcrypt and PingDirectory.

    Source: their manuals.
    """
    return made("ldap_bcrypt", _LDAP_BCRYPT, options)


def ldap_pbkdf2(**options: Unpack[Options]) -> Format:
    """
    ``{PBKDF2-SHA256}`` and its kin: pw-pbkdf2, 389-ds old and new, OpenDJ.

    Source: pw-pbkdf2.c, ``pbkdf2_pwd.c`` of 389-ds; OpenDJ's from its manual.
    """
    return made("ldap_pbkdf2", _LDAP_PBKDF2, options)


def crypt(**options: Unpack[Options]) -> Format:
    """
    Every family that libxcrypt knows: ``/etc/shadow``.

    Source: crypt(5) of libxcrypt.
    """
    return made("crypt", CRYPT, options)


def htpasswd(**options: Unpack[Options]) -> Format:
    """
    Apache's htpasswd: ``$apr1$``, ``{SHA}``, bcrypt, crypt(3).

    Source: the manual of httpd.
    """
    scheme = first_of(Crypt("apr_md5_crypt"), LDAP_DIGESTS, CRYPT)
    return made("htpasswd", scheme, options)


def nthash(**options: Unpack[Options]) -> Format:
    """
    The NT hash of Windows, Active Directory and Samba: md4(utf16le(password)).

    Source: [MS-NLMP].
    """
    return made("nthash", Digest("md4(utf16le($pass))"), options)


def sap_h(**options: Unpack[Options]) -> Format:
    """
    SAP's codvn H: ``{x-issha, 1024}…`` and with SHA-2.

    Source: hashcat's mode 10300.
    """
    names = {"x-issha": "sha1", **{f"x-is{digest}": digest for digest in _SHA2}}
    schemes = (
        Iterated(
            f"{digest}($pass.$salt)",
            f"{digest}_bin($pass.$digest)",
            layout=Layout(
                f"{{{{{name}, {{rounds:int}}}}}}"
                f"{{key[{_SIZES[digest]}]+salt[1-64]:base64}}",
                any_case=True,
            ),
        )
        for name, digest in names.items()
    )
    return made("sap_h", first_of(*schemes), options)


def dovecot(*, cleartext: bool = False, **options: Unpack[Options]) -> Format:
    """
    Dovecot: all schemes but LANMAN, RPA, OTP and SKEY.

    ``{DIGEST-MD5}`` needs the user name as ``user:realm``.  *cleartext* switches
    ``{PLAIN}`` and its kin on.  Source: ``password-scheme.c``.
    """
    behind: dict[str, Scheme] = {**_DOVECOT}
    if cleartext:
        behind |= dict.fromkeys(("PLAIN", "CLEAR", "CLEARTEXT"), ClearText())
    schemes = ((name, _prefixed(name, scheme)) for name, scheme in behind.items())
    scheme = InBraces((*schemes, *_dovecot_digests()))
    return made("dovecot", scheme, options)


def _prefixed(name: str, scheme: Scheme) -> Prefixed:
    return Prefixed(f"{{{name}}}", scheme, any_case=True)


def _scram(digest: str) -> Scram:
    layout = "{rounds:int},{salt:base64},{key:base64},{server:base64}"
    return Scram(digest, layout)


_DOVECOT: Final[dict[str, Scheme]] = {
    "CRAM-MD5": CramMd5(),
    "MD5": Crypt("md5_crypt"),
    "MD5-CRYPT": Crypt("md5_crypt"),
    "SHA256-CRYPT": Crypt("sha256_crypt"),
    "SHA512-CRYPT": Crypt("sha512_crypt"),
    "DES-CRYPT": Crypt("des_crypt", required=False),
    "BLF-CRYPT": Bcrypt(),
    "CRYPT": CRYPT,
    "ARGON2I": Argon2(),
    "ARGON2ID": Argon2(),
    "ARGON2": Argon2(),
    "SCRAM-SHA-1": _scram("sha1"),
    "SCRAM-SHA-256": _scram("sha256"),
    "PBKDF2": Pbkdf2(
        "$1${salt:text}${rounds:int}${key:hex}", digest="sha1", key_lengths={20}
    ),
}


def _dovecot_digests() -> list[tuple[str, Scheme]]:
    recipes = {
        "PLAIN-MD5": ("md5($pass)", "hex", 16),
        "LDAP-MD5": ("md5($pass)", "base64", 16),
        "PLAIN-MD4": ("md4($pass)", "hex", 16),
        "NTLM": ("md4(utf16le($pass))", "hex", 16),
        "SHA": ("sha1($pass)", "base64", 20),
        "SHA1": ("sha1($pass)", "base64", 20),
        "SHA256": ("sha256($pass)", "base64", 32),
        "SHA512": ("sha512($pass)", "base64", 64),
        "SMD5": ("md5($pass.$salt)", "base64", 16),
        "SSHA": ("sha1($pass.$salt)", "base64", 20),
        "SSHA256": ("sha256($pass.$salt)", "base64", 32),
        "SSHA512": ("sha512($pass.$salt)", "base64", 64),
        "DIGEST-MD5": ("md5($username.':'.$pass)", "hex", 16),
    }
    schemes: list[tuple[str, Scheme]] = []
    for base, (recipe, kind, size) in recipes.items():
        field = f"key[{size}]+salt[1-64]" if "$salt" in recipe else "key"
        for suffix, armor in (("", kind), (".HEX", "hex"), (".B64", "base64")):
            name = f"{base}{suffix}"
            text = f"{{{{{name}}}}}{{{field}:{armor}}}"
            layout = Layout(text, any_case=True)
            schemes.append((name, Digest(recipe, layout=layout)))
    return schemes
