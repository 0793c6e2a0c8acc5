"""
A stored hash as a log may show it.
"""

import re
from typing import Final


# Only names of schemes, and nothing a stored password could be taken for.
_KNOWN: Final = re.compile(
    r"""
      \$ (?: 1 | 2[abxy]? | 5 | 6 | 7 | y | gy | P | H | S | md5 | sha1 | sha256
           | sha512 | apr1 | ml | wp | mk | scrypt | fbscrypt | firescrypt
           | argon2(?:id|i|d)
           | pbkdf2(?:-sha(?:1|224|256|384|512))? | bcrypt-sha256 | p5k2 | shiro[12]
           | PBKDF2
           | hmac-(?:md4|md5|sha1|sha224|sha256|sha384|sha512)
           | (?:md5|sha256|sha512)-crypt | e0801 ) [$,]
    | [{] (?i: s?sha(?:1|224|256|384|512|-1|-256|-512)? | s?md[45] | crypt | bcrypt
        | noop | cleartext | plain(?:-md[45])? | (?:cram|digest|ldap)-md5 | blf-crypt
        | ldap
        | x-i?s?sha(?:256|384|512)?(?=,) | argon2(?:id|i|d)? | pkcs5s2 | scrypt | pbkdf2
        | pbkdf2[-_](?:hmac-)?sha(?:1|256|512) | ssha(?:1|256|512) | scram-sha-(?:1|256)
        | sha(?:256|512)-crypt | md5-crypt | null )
        (?: @SpringSecurity_v5_(?:5|8) )? [},]
    | [{] FSHP[0-3] [|]
    | (?: pbkdf2_sha1 | pbkdf2_sha256 | bcrypt | bcrypt_sha256 | argon2 | scrypt | sha1
        | md5 | sha256 | sha512 | crypt ) [$]
    | (?: pbkdf2 | scrypt | sha1 | sha256 | sha512 | SCRYPT | Bcrypt ) :
    | : (?: A | B | pbkdf2 | bcrypt | argon2 ) :
    | SCRAM-SHA-256[$] | [#]jbcrypt: | grub[.]pbkdf2[.] | 0x0[12]00 | [ST]:
    """,
    re.VERBOSE,
)
_HEX: Final = re.compile(r"\*?[0-9A-Fa-f]{16,}")


def mask(text: str) -> str:
    """
    Return what kind of hash *text* seems to be, and nothing of its digest or salt.

    ``"$2b$…"``, ``"of 32 hexadecimal digits"``, or ``"of an unknown kind"``.
    """
    known = _KNOWN.match(text)
    if known:
        return f"{known.group()}…"
    if _HEX.fullmatch(text):
        return f"of {len(text.lstrip('*'))} hexadecimal digits"
    return "of an unknown kind" if text else "(empty)"
