"""
The vectors, and which preset with which configuration each is for.
"""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from migratekit.formats import LegacyFormat, presets
from migratekit.models import StoredHash


HERE = Path(__file__).parent.parent / "vectors"


# What presets cannot be made without.
GIVEN = {
    "algorithm": "pbkdf2$50000$50",
    "cookie_key": "key",
    "digest": "md5",
    "i_know_that_this_is_clear_text": True,
    "password_salt": "salt",
    "pepper": "pepper",
    "realm": "members",
    "security_salt": "salt",
    "signer_key": "YWJj",
    "text": "md5($pass)",
}


@attrs.frozen
class Vector:
    """
    One line of the files.
    """

    id: str
    format: str
    stored: StoredHash
    password: str
    latin1: bool
    expect: str
    params: dict[str, Any]
    note: str

    @property
    def legacy_format(self) -> LegacyFormat:
        """
        The format, with the configuration of the site that the line is from.
        """
        name, settings = configuration(self)
        if self.latin1:
            settings["encodings"] = ("latin-1",)
        else:
            settings.setdefault("encodings", ("utf-8",))
        return make(name, json.dumps(settings))


@functools.cache
def make(name: str, settings: str) -> LegacyFormat:
    """
    Return a format; the same one for the same settings.
    """
    return getattr(presets, name)(**json.loads(settings))


def load(name: str) -> list[Vector]:
    """
    Return the vectors of a file.
    """
    with (HERE / name).open(encoding="utf-8") as lines:
        return [_vector(json.loads(line)) for line in lines]


def configuration(vector: Vector) -> tuple[str, dict[str, Any]]:
    """
    Return the name of a preset and its arguments.
    """
    if vector.format in CONFIGURED:
        return CONFIGURED[vector.format](vector.params)
    return PRESETS.get(vector.format, vector.format), {}


PRESETS = {
    "phpass_phpbb3": "phpass",
    "vbulletin_md5": "vbulletin",
    "mybb_ipb_md5": "mybb",
    "smf_sha1": "smf",
    "smf21_bcrypt": "smf21",
    "wcf1_sha1": "woltlab1",
    "wcf2_bcrypt": "woltlab2",
    "punbb_sha1": "punbb",
    "magento1_md5": "magento1",
    "opencart_sha1": "opencart",
    "oscommerce_md5": "oscommerce",
    "clearance_sha1": "clearance",
    "redmine_sha1": "redmine",
    "discourse_pbkdf2": "discourse",
    "atlassian_pkcs5s2": "atlassian",
    "phc_envelope": "kratos",
}
Settings = tuple[str, dict[str, Any]]
CONFIGURED: dict[str, Callable[[dict[str, Any]], Settings]] = {
    "aspnet_membership": lambda p: ("aspnet_membership", p),
    "authlogic": lambda p: ("authlogic", p),
    "bcrypt_pepper": lambda p: ("bcrypt_pepper", p),
    "discourse_pbkdf2": lambda p: ("discourse", p),
    "firebase_scrypt": lambda p: ("firebase", p),
    "flask_security": lambda p: ("flask_security", p),
    "fusionauth": lambda p: ("fusionauth", p),
    "generic_digest": lambda p: ("recipe", {"text": p["recipe"]}),
    "gitea": lambda p: ("gitea", p),
    "htdigest": lambda p: ("htdigest", p),
    "keycloak": lambda p: (
        "keycloak",
        {
            "algorithm": p["algorithm"],
            "iterations": p["hashIterations"],
            "additional": p.get("additionalParameters"),
        },
    ),
    "mongodb_scram": lambda p: (
        "mongodb_scram",
        {"algorithm": p["algorithm"], "iterations": p["iterations"]},
    ),
    "mysql_caching_sha2": lambda p: (
        "mysql_caching_sha2",
        {"rounds": int(p["rounds_k"], 16) * 1000},
    ),
    "nextcloud": lambda p: ("nextcloud", p),
    "passport_local_mongoose": lambda p: ("passport_local_mongoose", p),
    "prestashop_md5": lambda p: ("prestashop", p),
    "restful_authentication": lambda p: ("restful_authentication", p),
    "shiro": lambda p: (
        "shiro",
        {"private_salt": p["secret_salt"]} if "secret_salt" in p else {},
    ),
    "spring_delegating": lambda p: ("spring", {"noop": True}),
    "spring_digest": lambda p: ("spring_digest", p),
    "spring_pbkdf2": lambda p: ("spring_pbkdf2", p),
    "symfony_digest": lambda p: ("symfony_digest", p),
    "symfony_pbkdf2": lambda p: ("symfony_pbkdf2", p),
}


def _vector(line: dict[str, Any]) -> Vector:
    stored = line["stored"]
    if isinstance(stored, str):
        stored = {"hash": stored}
    params = stored.get("params") or {}
    salt = stored.get("salt")
    if isinstance(salt, dict):
        salt = bytes.fromhex(salt["hex"])
    password, latin1 = _password(line["password"])
    return Vector(
        id=line["id"],
        format=line["format"],
        stored=StoredHash(
            stored["hash"] or params.get("storedKey", ""),
            salt=salt,
            salt2=stored.get("salt2"),
            username=stored.get("username"),
        ),
        password=password,
        latin1=latin1,
        expect=line["expect"],
        params=params,
        note=line.get("note") or "",
    )


def _password(value: Any) -> tuple[str, bool]:
    if isinstance(value, str):
        return value, False
    if "repeat" in value:
        return value["repeat"] * value["times"], False
    data = bytes.fromhex(value["hex"])
    try:
        return data.decode(), False
    except UnicodeDecodeError:
        return data.decode("latin-1"), True
