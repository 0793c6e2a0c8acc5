"""
The lengths of keys: one that was cut does not match.
"""

import base64
import hashlib
import json
import struct

import attrs
import pytest

from migratekit.errors import UnusableHashError
from migratekit.formats import Scrypt, presets
from migratekit.models import StoredHash


SALT = b"0123456789abcdef"
LENGTHS = (15, 16, 20, 24, 32, 40, 48, 50, 64)


def b64(data):
    return base64.b64encode(data).decode()


def pbkdf2(digest, salt=SALT):
    """
    Return 128 bytes, of which every key is the beginning.
    """
    return hashlib.pbkdf2_hmac(digest, b"pass", salt, 10, 128)


SCRYPT = hashlib.scrypt(b"pass", salt=SALT, n=16, r=1, p=1, dklen=128)


def keycloak(algorithm):
    public = json.dumps({"algorithm": algorithm, "hashIterations": 10})
    return lambda key: StoredHash(
        json.dumps({"value": b64(key), "salt": b64(SALT)}), salt2=public
    )


def aspnet(prf, salt):
    head = struct.pack(">BIII", 1, prf, 10, len(salt)) + salt
    return lambda key: StoredHash(b64(head + key))


def text(template, of=b64):
    return lambda key: StoredHash(template.format(key=of(key)))


TEXT = SALT.decode()
IN_BASE64 = b64(SALT)
# A format, the whole material, how a row with a key looks, and the lengths that match.
CASES = {
    "django": (
        presets.django(),
        SCRYPT,
        text(f"scrypt$16${TEXT}$1$1${{key}}"),
        {64},
    ),
    "werkzeug": (
        presets.werkzeug(),
        SCRYPT,
        text(f"scrypt:16:1:1${TEXT}${{key}}", bytes.hex),
        {64},
    ),
    "spring": (
        presets.spring(),
        SCRYPT,
        text(f"{{{{scrypt}}}}$40101${IN_BASE64}${{key}}"),
        {32},
    ),
    "phc_scrypt": (
        presets.phc_scrypt(),
        SCRYPT,
        text(f"$scrypt$ln=4,r=1,p=1${IN_BASE64}${{key}}"),
        {32},
    ),
    "kratos": (
        presets.kratos(),
        SCRYPT,
        text(f"$scrypt$ln=16,r=1,p=1${IN_BASE64}${{key}}"),
        {32},
    ),
    "kratos-64": (
        presets.kratos(scrypt_key_length=64),
        SCRYPT,
        text(f"$scrypt$ln=16,r=1,p=1${IN_BASE64}${{key}}"),
        {64},
    ),
    "kratos-pbkdf2": (
        presets.kratos(),
        pbkdf2("sha256"),
        lambda key: StoredHash(
            f"$pbkdf2-sha256$i=10,l={len(key)}${IN_BASE64}${b64(key)}"
        ),
        {*LENGTHS[1:], 128},
    ),
    "generic_scrypt": (
        presets.generic_scrypt(),
        SCRYPT,
        text(f"SCRYPT:16:1:1:{IN_BASE64}:{{key}}"),
        {32},
    ),
    "generic_scrypt-64": (
        presets.generic_scrypt(key_length=64),
        SCRYPT,
        text(f"SCRYPT:16:1:1:{IN_BASE64}:{{key}}"),
        {64},
    ),
    **{
        f"generic_pbkdf2-{digest}": (
            presets.generic_pbkdf2(),
            pbkdf2(digest),
            text(f"{digest}:10:{IN_BASE64}:{{key}}"),
            lengths,
        )
        for digest, lengths in (
            ("md5", {16, 32}),
            ("sha1", {16, 20}),
            ("sha256", {24, 32}),
            ("sha512", {16, 64}),
        )
    },
    "generic_pbkdf2-24": (
        presets.generic_pbkdf2(key_length=24),
        pbkdf2("sha256"),
        text(f"sha256:10:{IN_BASE64}:{{key}}"),
        {24},
    ),
    "jenkins": (
        presets.jenkins(),
        pbkdf2("sha512"),
        text(f"$PBKDF2$HMACSHA512:10:{SALT.hex()}${{key}}", bytes.hex),
        {64},
    ),
    "macos": (
        presets.macos_pbkdf2(),
        pbkdf2("sha512"),
        text(f"$ml$10${SALT.hex()}${{key}}", bytes.hex),
        {64, 128},
    ),
    "keycloak-sha1": (presets.keycloak(), pbkdf2("sha1"), keycloak("pbkdf2"), {64}),
    "keycloak-sha256": (
        presets.keycloak(),
        pbkdf2("sha256"),
        keycloak("pbkdf2-sha256"),
        {32, 64},
    ),
    "keycloak-sha512": (
        presets.keycloak(),
        pbkdf2("sha512"),
        keycloak("pbkdf2-sha512"),
        {64},
    ),
    "aspnet-sha1": (presets.aspnet_identity(), pbkdf2("sha1"), aspnet(0, SALT), {16}),
    "aspnet-sha256": (
        presets.aspnet_identity(),
        pbkdf2("sha256"),
        aspnet(1, SALT),
        {32},
    ),
    "aspnet-sha512": (
        presets.aspnet_identity(),
        pbkdf2("sha512"),
        aspnet(2, SALT),
        {32},
    ),
    "aspnet-sha512-long": (
        presets.aspnet_identity(),
        pbkdf2("sha512", SALT * 2),
        aspnet(2, SALT * 2),
        {64},
    ),
    **{
        f"fusionauth-{digest}": (
            presets.fusionauth(),
            pbkdf2(digest),
            lambda key, digest=digest: StoredHash(
                b64(key),
                salt=IN_BASE64,
                salt2=f"salted-pbkdf2-hmac-{digest}:10",
            ),
            {size},
        )
        for digest, size in (("sha256", 32), ("sha512", 64))
    },
}


@pytest.mark.parametrize("name", CASES)
def test_lengths(name):
    """
    A key matches at the lengths its maker writes, and at no other.
    """
    format_, material, row, lengths = CASES[name]
    matching = set()

    for length in (*LENGTHS, 128):
        try:
            if format_.verify("pass", row(material[:length])):
                matching.add(length)
        except UnusableHashError:
            assert length not in lengths

    assert lengths == matching


def test_scrypt_by_default():
    """
    scrypt's keys have one length, unless others are given.
    """
    assert {32} == attrs.fields(Scrypt).key_lengths.default
