"""
Users of database servers.
"""

from typing import Unpack

from migratekit.errors import ConfigurationError
from migratekit.formats.databases import Database, MySQLCachingSha2, Oracle12
from migratekit.formats.digest import Digest
from migratekit.formats.format import Format
from migratekit.formats.presets._make import Options, first_of, made
from migratekit.formats.scram import MongoCredentials, Scram


def postgres_md5(**options: Unpack[Options]) -> Format:
    """
    PostgreSQL up to 13: ``md5`` and md5(password . user).

    Source: the manual's chapter on password authentication.
    """
    scheme = Digest("md5($pass.$username)", layout="md5{key:hex}")
    return made("postgres_md5", scheme, options)


def postgres_scram(**options: Unpack[Options]) -> Format:
    """
    PostgreSQL since 10: ``SCRAM-SHA-256$rounds:salt$stored:server``.

    Source: ``pg_authid`` in its manual.
    """
    layout = "SCRAM-SHA-256${rounds:int}:{salt:base64}${key:base64}:{server:base64}"
    return made("postgres_scram", Scram("sha256", layout), options)


def mysql323(**options: Unpack[Options]) -> Format:
    """
    MySQL before 4.1, ``OLD_PASSWORD()``.  Needs passlib.

    Source: ``passlib.hash.mysql323``.
    """
    return made("mysql323", Database("mysql323"), options)


def mysql41(**options: Unpack[Options]) -> Format:
    """
    MySQL 4.1 to 5.7, MariaDB, ``PASSWORD()``: ``*`` and sha1(sha1(password)).

    Source: ``mysql_native_password``.
    """
    scheme = Digest("sha1(sha1_bin($pass))", layout="*{key:hex}")
    return made("mysql41", scheme, options)


def mysql_caching_sha2(*, rounds: int = 5000, **options: Unpack[Options]) -> Format:
    """
    MySQL 8: ``$A$005$``, 20 raw bytes of salt, 43 characters.

    Source: ``sha2_password`` of the server; see
    `migratekit.formats.databases.MySQLCachingSha2`.
    """
    return made("mysql_caching_sha2", MySQLCachingSha2(rounds=rounds), options)


def mssql2000(**options: Unpack[Options]) -> Format:
    """
    SQL Server 7 and 2000: ``0x0100`` and two digests.  Needs passlib.

    The case of a password does not count.

    Source: ``passlib.hash.mssql2000``.
    """
    return made("mssql2000", Database("mssql2000"), options)


def mssql2005(**options: Unpack[Options]) -> Format:
    """
    SQL Server 2005 and 2008: ``0x0100``, sha1(utf16le(password) . salt).

    Source: hashcat's mode 132.
    """
    scheme = Digest("sha1(utf16le($pass).$salt)", layout="0x0100{salt[4]+key[20]:hex}")
    return made("mssql2005", scheme, options)


def mssql2012(**options: Unpack[Options]) -> Format:
    """
    SQL Server 2012 and later: ``0x0200``, sha512(utf16le(password) . salt).

    Source: hashcat's mode 1731.
    """
    scheme = Digest(
        "sha512(utf16le($pass).$salt)", layout="0x0200{salt[4]+key[64]:hex}"
    )
    return made("mssql2012", scheme, options)


def oracle10(**options: Unpack[Options]) -> Format:
    """
    Oracle up to 10g: DES of user and password, in capitals.  Needs passlib.

    Source: ``passlib.hash.oracle10``.
    """
    return made("oracle10", Database("oracle10"), options)


def oracle11(**options: Unpack[Options]) -> Format:
    """
    Oracle 11g: ``S:``, sha1(password . salt).

    Source: hashcat's mode 112.
    """
    scheme = Digest("sha1($pass.$salt)", layout="S:{key[20]+salt[10]:hex}")
    return made("oracle11", scheme, options)


def oracle12(**options: Unpack[Options]) -> Format:
    """
    Oracle 12c: ``T:``, sha512(pbkdf2-sha512(password) . salt).

    Source: hashcat's mode 12300.
    """
    return made("oracle12", Oracle12(), options)


def mongodb_scram(
    *, algorithm: str = "sha256", iterations: int = 15_000, **options: Unpack[Options]
) -> Format:
    """
    MongoDB: ``credentials`` of ``system.users`` as JSON, or StoredKey and a salt.

    SCRAM-SHA-1 needs the user name.  Source: MongoDB's specification of authentication.
    """
    if algorithm not in {"sha1", "sha256"}:
        raise ConfigurationError("MongoDB does SCRAM with sha1 or sha256.")
    stored_key = Scram(
        algorithm, "{key:base64}", rounds=iterations, mongodb=algorithm == "sha1"
    )
    return made("mongodb_scram", first_of(MongoCredentials(), stored_key), options)


def mongodb_cr(**options: Unpack[Options]) -> Format:
    """
    MongoDB 2: md5(user:mongo:password).

    Source: MongoDB's specification of authentication.
    """
    return made("mongodb_cr", Digest("md5($username.':mongo:'.$pass)"), options)


def htdigest(*, realm: str, **options: Unpack[Options]) -> Format:
    """
    Apache's htdigest: md5(user:realm:password).

    Source: RFC 2617.
    """
    scheme = Digest("md5($username.':'.$pepper.':'.$pass)", pepper=realm)
    return made("htdigest", scheme, options)
