"""
Frameworks and identity providers, with the parts of their schemas that are read.

The schemas are those of the products: the migrations of Laravel, Django and Devise, the
generators of Rails and Symfony, ``fsqla_v3`` of Flask-Security, the change log of
Keycloak, the migrations of Supabase's auth, and ``db/structure.sql`` of Discourse.
"""

import datetime as dt
import json
import uuid

from product_case import (
    FUTURE,
    PAST,
    THEN,
    THEN_ISO,
    THEN_TEXT,
    Case,
    Somebody,
    bcrypted,
    discourse_row,
    django_pbkdf2,
    flask_security_bcrypt,
    keycloak_row,
    peppered,
    php,
    symfony_md5,
    vector,
)

from migratekit.formats import presets
from migratekit.sources import products


BLOCKED = {"blocked": True}
FREE = {"blocked": False}
VERIFIED = {"email_verified": True}
UNVERIFIED = {"email_verified": False}


def _of(table, name_column=None, **fixed):
    """
    Return a person of one row; ``"#"``, ``"@"`` and ``"$"`` are theirs.
    """

    def person(number, name, email, stored):
        own = {"#": number, "@": email, "$": stored}
        row = {key: own.get(value, value) for key, value in fixed.items()}
        if name_column is not None:
            row[name_column] = name
        return {table: row}

    return person


LARAVEL_DDL = """
CREATE TABLE users (
  id bigint{unsigned} NOT NULL PRIMARY KEY,
  name varchar(255) NOT NULL,
  email varchar(255) NOT NULL UNIQUE,
  email_verified_at {timestamp} NULL DEFAULT NULL,
  password varchar(255) NOT NULL,
  created_at {timestamp} NULL DEFAULT NULL{more}
)"""


def _ddl(text, **more):
    mysql = {"unsigned": " unsigned", "timestamp": "datetime", "flag": "tinyint(1)"}
    postgresql = {"unsigned": "", "timestamp": "timestamp(0)", "flag": "boolean"}
    return {
        "mysql": text.format(**mysql, quoted="`user`", **more),
        "postgresql": text.format(**postgresql, quoted='"user"', **more),
    }


LARAVEL = Case(
    name="laravel",
    make=products.laravel,
    ddl=_ddl(LARAVEL_DDL, more=""),
    person=_of(
        "users",
        id="#",
        name="Ada Lovelace",
        email="@",
        email_verified_at=THEN_TEXT,
        password="$",
        created_at=THEN_TEXT,
    ),
    hashed=php,
    ada={
        "profile": {"name": "Ada Lovelace"},
        "created_at": THEN_ISO,
        **VERIFIED,
        **FREE,
    },
    others=(
        Somebody("bob", {"email_verified_at": None}, expected=UNVERIFIED),
        Somebody("undated", {"created_at": None}, expected={"created_at": None}),
        Somebody("empty", {"password": ""}, logs_in=False),
    ),
    username=False,
)
SOFT_LARAVEL = Case(
    name="laravel",
    label="deleting",
    make=lambda where: products.laravel(where, username="login", soft_deletes=True),
    ddl=_ddl(
        LARAVEL_DDL, more=", login varchar(60), deleted_at timestamp NULL DEFAULT NULL"
    ),
    grants=None,
    person=_of(
        "users",
        "login",
        id="#",
        name="Ada Lovelace",
        email="@",
        password="$",
        deleted_at=None,
    ),
    hashed=php,
    ada={"username": "Ada", **UNVERIFIED},
    others=(
        Somebody("bob"),
        Somebody("gone", {"deleted_at": "2002-01-01 00:00:00"}, expected=None),
        Somebody("nameless", {"login": None}, expected={"username": None}),
    ),
)


RAILS = Case(
    name="rails",
    make=lambda where: products.rails(where, email="email_address"),
    ddl=_ddl("""
CREATE TABLE users (
  id bigint NOT NULL PRIMARY KEY,
  email_address varchar(255) NOT NULL UNIQUE,
  password_digest varchar(255) NOT NULL,
  created_at {timestamp} NOT NULL
)"""),
    person=_of(
        "users",
        id="#",
        email_address="@",
        password_digest="$",
        created_at=THEN_TEXT,
    ),
    hashed=bcrypted,
    ada={"created_at": THEN_ISO, **UNVERIFIED, **FREE},
    others=(Somebody("bob"),),
    username=False,
)
DEVISE_DDL = """
CREATE TABLE users (
  id bigint NOT NULL PRIMARY KEY,
  email varchar(255) DEFAULT '' NOT NULL UNIQUE,
  encrypted_password varchar(255) DEFAULT '' NOT NULL,
  created_at {timestamp} NOT NULL{more}
)"""
PEPPER = "6Wow67q1wZQZpUUeI6G2LsWUu4XKx"
STORED, STORED_PASSWORD = vector("bcrypt_pepper-b7eccd1907")
DEVISE = Case(
    name="devise",
    make=lambda where: products.devise(where, pepper=PEPPER),
    ddl=_ddl(DEVISE_DDL, more=""),
    person=_of(
        "users", id="#", email="@", encrypted_password="$", created_at=THEN_TEXT
    ),
    hashed=peppered(PEPPER),
    ada={"created_at": THEN_ISO, **UNVERIFIED, **FREE},
    others=(
        Somebody("bob"),
        Somebody("oauth", {"encrypted_password": ""}, logs_in=False),
    ),
    vectors=((STORED["hash"], STORED_PASSWORD),),
    username=False,
)
LOCKS = _ddl(
    DEVISE_DDL,
    more=", username varchar(60), confirmed_at timestamp NULL, locked_at timestamp NULL",
)
LOCKABLE = _of(
    "users",
    "username",
    id="#",
    email="@",
    encrypted_password="$",
    created_at=THEN_TEXT,
    confirmed_at=THEN_TEXT,
    locked_at=None,
)
LONG_AGO = "2002-01-01 00:00:00"
LATELY = (dt.datetime.now(dt.UTC) - dt.timedelta(minutes=20)).strftime(
    "%Y-%m-%d %H:%M:%S"
)
SOON = "2037-12-31 00:00:00"
LOCKING = Case(
    name="devise",
    label="locking",
    grants="devise locking",
    make=lambda where: products.devise(
        where, username="username", confirmable=True, lockable=True
    ),
    ddl=LOCKS,
    person=LOCKABLE,
    hashed=bcrypted,
    ada={"username": "Ada", **VERIFIED, **FREE},
    others=(
        Somebody("bob", {"locked_at": LONG_AGO}, expected=BLOCKED),
        Somebody(
            "unconfirmed", {"confirmed_at": None}, expected={**BLOCKED, **UNVERIFIED}
        ),
    ),
)
UNLOCKING = Case(
    name="devise",
    label="unlocking",
    grants="devise locking",
    make=lambda where: products.devise(
        where, lockable=True, unlock_in=dt.timedelta(hours=1)
    ),
    ddl=LOCKS,
    person=LOCKABLE,
    hashed=bcrypted,
    ada={"username": None, **UNVERIFIED, **FREE},
    others=(
        Somebody("bob", {"locked_at": SOON}, expected=BLOCKED),
        Somebody("lately", {"locked_at": LATELY}, expected=BLOCKED),
        Somebody("unlocked", {"locked_at": LONG_AGO}, expected=FREE),
    ),
    username=False,
)


DJANGO_DDL = """
CREATE TABLE auth_user (
  id integer NOT NULL PRIMARY KEY,
  password varchar(128) NOT NULL,
  username varchar(150) NOT NULL UNIQUE,
  first_name varchar(150) NOT NULL,
  last_name varchar(150) NOT NULL,
  email varchar(254) NOT NULL,
  is_active {flag} NOT NULL,
  date_joined {timestamp} NOT NULL
)"""
DJANGO = Case(
    name="django",
    make=products.django,
    ddl=_ddl(DJANGO_DDL),
    person=_of(
        "auth_user",
        "username",
        id="#",
        password="$",
        first_name="Ada",
        last_name="",
        email="@",
        is_active=True,
        date_joined=THEN_TEXT,
    ),
    hashed=django_pbkdf2,
    ada={
        "username": "Ada",
        "profile": {"given_name": "Ada"},
        "created_at": THEN_ISO,
        **UNVERIFIED,
        **FREE,
    },
    others=(
        Somebody("bob", {"is_active": False}, expected=BLOCKED),
        Somebody("unusable", {"password": "!aB3" + "x" * 36}, logs_in=False),
        Somebody("mailless", {"email": ""}, expected={"email": None}),
    ),
    vectors=(vector("django-152a041b4c"), vector("django-6780d09953")),
    twice=True,
)
NAMELESS_DJANGO = Case(
    name="django",
    label="emails",
    make=lambda where: products.django(where, username=None),
    ddl=_ddl(DJANGO_DDL),
    person=DJANGO.person,
    hashed=django_pbkdf2,
    ada={"username": None},
    others=(
        Somebody("bob", {"is_active": False}, expected={"username": None, **BLOCKED}),
    ),
    username=False,
    twice=True,
)


SYMFONY = Case(
    name="symfony",
    make=lambda where: products.symfony(where, verified="is_verified"),
    ddl=_ddl("""
CREATE TABLE {quoted} (
  id INT NOT NULL PRIMARY KEY,
  email VARCHAR(180) NOT NULL UNIQUE,
  password VARCHAR(255) NOT NULL,
  is_verified {flag} NOT NULL
)"""),
    person=_of("user", id="#", email="@", password="$", is_verified=True),
    hashed=php,
    ada={**VERIFIED, **FREE},
    others=(Somebody("bob", {"is_verified": False}, expected=UNVERIFIED),),
    username=False,
)
FOS = Case(
    name="symfony",
    label="fos",
    grants="symfony fos",
    make=lambda where: products.symfony(
        where,
        table="fos_user",
        username="username",
        salt="salt",
        enabled="enabled",
        format=presets.symfony_digest(algorithm="md5", iterations=1, base64=False),
    ),
    ddl=_ddl("""
CREATE TABLE fos_user (
  id INT NOT NULL PRIMARY KEY,
  username VARCHAR(180) NOT NULL UNIQUE,
  email VARCHAR(180) NOT NULL UNIQUE,
  enabled {flag} NOT NULL,
  salt VARCHAR(255) DEFAULT NULL,
  password VARCHAR(255) NOT NULL
)"""),
    person=lambda number, name, email, stored: {
        "fos_user": {
            "id": number,
            "username": name,
            "email": email,
            "enabled": True,
            "password": stored[0],
            "salt": stored[1],
        }
    },
    hashed=symfony_md5,
    ada={"username": "Ada", **FREE},
    others=(Somebody("bob", {"enabled": False}, expected=BLOCKED),),
    vectors=tuple(
        ((stored["hash"], stored["salt"]), password)
        for stored, password in map(
            vector, ("symfony_digest-216247764c", "symfony_digest-a46d58bcf1")
        )
    ),
)
NAMES_ONLY = Case(
    name="symfony",
    label="names",
    grants=None,
    make=lambda where: products.symfony(where, email=None, username="username"),
    ddl=_ddl("""
CREATE TABLE {quoted} (
  id INT NOT NULL PRIMARY KEY,
  username VARCHAR(180) NOT NULL UNIQUE,
  password VARCHAR(255) NOT NULL
)"""),
    person=_of("user", "username", id="#", password="$"),
    hashed=php,
    ada={"username": "Ada", "email": None},
    others=(Somebody("bob"),),
)


FLASK_SALT = "146585145368132386173505678016728509634"
FLASK_DDL = _ddl("""
CREATE TABLE {quoted} (
  id INTEGER NOT NULL PRIMARY KEY,
  email VARCHAR(255) NOT NULL UNIQUE,
  username VARCHAR(255) UNIQUE,
  password VARCHAR(255),
  active {flag} NOT NULL,
  confirmed_at {timestamp}
)""")
FLASK = Case(
    name="flask_security",
    make=lambda where: products.flask_security(where, password_salt=FLASK_SALT),
    ddl=FLASK_DDL,
    person=_of("user", id="#", email="@", password="$", active=True),
    hashed=flask_security_bcrypt(FLASK_SALT),
    ada={"username": None, **UNVERIFIED, **FREE},
    others=(
        Somebody("bob", {"active": False}, expected=BLOCKED),
        Somebody("nullpass", {"password": None}, logs_in=False),
    ),
    vectors=tuple(
        (stored["hash"], password)
        for stored, password in map(
            vector, ("flask_security-3b9cf9e9b3", "flask_security-abf702d511")
        )
    ),
    username=False,
)
CONFIRMING_FLASK = Case(
    name="flask_security",
    label="confirming",
    make=lambda where: products.flask_security(
        where, password_salt=FLASK_SALT, username="username", confirmable=True
    ),
    ddl=FLASK_DDL,
    person=_of(
        "user",
        "username",
        id="#",
        email="@",
        password="$",
        active=True,
        confirmed_at=THEN_TEXT,
    ),
    hashed=flask_security_bcrypt(FLASK_SALT),
    ada={"username": "Ada", **VERIFIED, **FREE},
    others=(
        Somebody("bob", {"active": False}, expected={**BLOCKED, **VERIFIED}),
        Somebody(
            "unconfirmed", {"confirmed_at": None}, expected={**BLOCKED, **UNVERIFIED}
        ),
    ),
)


REALM = str(uuid.UUID(int=1))


def _id(number):
    return str(uuid.UUID(int=number))


def _keycloak(number, name, email, stored):
    secret, public = stored
    return {
        "user_entity": {
            "id": _id(number),
            "email": email,
            "email_verified": True,
            "enabled": True,
            "first_name": "Ada",
            "last_name": "Lovelace",
            "realm_id": REALM,
            "username": name,
            "created_timestamp": THEN * 1000,
            "service_account_client_link": None,
        },
        "credential": {
            "": 0,
            "user_id": _id(number),
            "type": "password",
            "secret_data": secret,
            "credential_data": public,
        },
    }


def _keycloak_ddl(flag, text):
    return f"""
CREATE TABLE user_entity (
  id varchar(36) NOT NULL PRIMARY KEY,
  email varchar(255),
  email_verified {flag} NOT NULL,
  enabled {flag} NOT NULL,
  first_name varchar(255),
  last_name varchar(255),
  realm_id varchar(255),
  username varchar(255),
  created_timestamp bigint,
  service_account_client_link varchar(255),
  UNIQUE (realm_id, username)
);
CREATE TABLE realm (
  id varchar(36) NOT NULL PRIMARY KEY,
  name varchar(255) UNIQUE
);
CREATE TABLE credential (
  user_id varchar(36),
  type varchar(255),
  secret_data {text},
  credential_data {text}
);
CREATE TABLE user_required_action (
  user_id varchar(36) NOT NULL,
  required_action varchar(255) NOT NULL,
  PRIMARY KEY (required_action, user_id)
)"""


def _upper(ddl):
    for table in ("user_entity", "realm", "credential", "user_required_action"):
        ddl = ddl.replace(f"TABLE {table} ", f"TABLE {table.upper()} ")
    return ddl


def _keycloak_vector(name):
    stored, password = vector(name)
    return (
        (
            f'{{"value": "{stored["hash"]}", "salt": "{stored["salt"]}"}}',
            json.dumps(stored["params"]),
        ),
        password,
    )


KEYCLOAK = Case(
    name="keycloak",
    make=lambda where: products.keycloak(where, realm="shop"),
    ddl={
        "mysql": _upper(_keycloak_ddl("bit(1)", "longtext")),
        "postgresql": _keycloak_ddl("boolean", "text"),
    },
    upper=True,
    fixed=(
        ("realm", {"id": REALM, "name": "shop"}),
        ("realm", {"id": _id(2), "name": "master"}),
    ),
    person=_keycloak,
    hashed=keycloak_row,
    ada={
        "user_id": _id(11),
        "username": "Ada",
        "profile": {"given_name": "Ada", "family_name": "Lovelace"},
        "created_at": THEN_ISO,
        "must_change_password": False,
        **VERIFIED,
        **FREE,
    },
    others=(
        Somebody(
            "bob",
            {"enabled": False, "email_verified": False},
            expected={**BLOCKED, **UNVERIFIED},
        ),
        Somebody("robot", {"service_account_client_link": "x"}, expected=None),
        Somebody("elsewhere", {"realm_id": _id(2)}, expected=None),
        Somebody("ldap", {"": None}, logs_in=False),
        Somebody("totp", {"type": "otp"}, logs_in=False),
        Somebody("nullmail", {"email": None}, expected={"email": None}),
        Somebody(
            "undated",
            {"created_timestamp": None, "first_name": None, "last_name": None},
            expected={"created_at": None, "profile": {}},
        ),
        Somebody(
            "forced",
            more=(
                (
                    "user_required_action",
                    {"user_id": _id(0), "required_action": "VERIFY_EMAIL"},
                ),
            ),
            expected={"must_change_password": False},
        ),
    ),
    vectors=(
        _keycloak_vector("keycloak-6de889ba86"),
        _keycloak_vector("keycloak-28172ef64e"),
    ),
    twice=True,
)


def _forced(number, name, email, stored):
    rows = _keycloak(number, name, email, stored)
    rows["user_required_action"] = {
        "user_id": _id(number),
        "required_action": "UPDATE_PASSWORD",
    }
    return rows


FORCED_KEYCLOAK = Case(
    name="keycloak",
    label="forced",
    make=lambda where: products.keycloak(
        where,
        realm="shop",
        schema=None if where.dialect.name != "postgresql" else "public",
    ),
    ddl=KEYCLOAK.ddl,
    upper=True,
    fixed=KEYCLOAK.fixed,
    person=_forced,
    hashed=keycloak_row,
    ada={"must_change_password": True},
    others=(
        Somebody("bob", {"enabled": False}, expected=BLOCKED),
        Somebody(
            "verifying",
            {"required_action": "VERIFY_EMAIL"},
            expected={"must_change_password": False},
        ),
    ),
    twice=True,
)


def _supabase(number, name, email, stored):
    return {
        "auth.users": {
            "id": _id(number),
            "email": email,
            "encrypted_password": stored,
            "email_confirmed_at": f"{THEN_TEXT}+00:00",
            "raw_user_meta_data": '{"theme": "dark"}',
            "created_at": f"{THEN_TEXT}+00:00",
            "deleted_at": None,
            "banned_until": None,
            "is_sso_user": False,
            "is_anonymous": False,
        }
    }


SUPABASE = Case(
    name="supabase",
    make=products.supabase,
    ddl={
        "postgresql": """
CREATE TABLE auth.users (
  id uuid NOT NULL PRIMARY KEY,
  email varchar(255),
  encrypted_password varchar(255),
  email_confirmed_at timestamp with time zone,
  raw_user_meta_data jsonb,
  created_at timestamp with time zone,
  banned_until timestamp with time zone,
  is_sso_user boolean DEFAULT false NOT NULL,
  deleted_at timestamp with time zone,
  is_anonymous boolean DEFAULT false NOT NULL
);
CREATE UNIQUE INDEX {schema}users_email_partial_key ON {table} (email)
  WHERE (is_sso_user = false)"""
    },
    schema="auth",
    person=_supabase,
    hashed=lambda password: bcrypted(password, b"2a"),
    ada={
        "user_id": _id(11),
        "user_metadata": {"theme": "dark"},
        "created_at": THEN_ISO,
        **VERIFIED,
        **FREE,
    },
    others=(
        Somebody("bob", {"banned_until": f"{FUTURE}+00:00"}, expected=BLOCKED),
        Somebody("unbanned", {"banned_until": f"{PAST}+00:00"}, expected=FREE),
        Somebody(
            "unconfirmed",
            {"email_confirmed_at": None},
            expected={**BLOCKED, **UNVERIFIED},
        ),
        Somebody("deleted", {"deleted_at": f"{PAST}+00:00"}, expected=None),
        Somebody("sso", {"is_sso_user": True}, expected=None),
        Somebody(
            "twin", {"is_sso_user": True, "email": "Ada@Example.com"}, expected=None
        ),
        Somebody("anonymous", {"is_anonymous": True}, expected=None),
        Somebody("oauth", {"encrypted_password": ""}, logs_in=False),
        Somebody("nullpass", {"encrypted_password": None}, logs_in=False),
        Somebody(
            "plain",
            {"raw_user_meta_data": None, "created_at": None},
            expected={"user_metadata": {}, "created_at": None},
        ),
    ),
    username=False,
)


def _discourse(number, name, email, stored):
    text, salt, algorithm = stored
    return {
        "users": {
            "id": number,
            "username": name,
            "name": "Ada Lovelace",
            "active": True,
            "suspended_till": None,
            "staged": False,
            "created_at": THEN_TEXT,
        },
        "user_emails": {
            "": 0,
            "id": number,
            "user_id": number,
            "email": email,
            "primary": True,
        },
        "user_passwords": {
            "": 0,
            "user_id": number,
            "password_hash": text,
            "password_salt": salt,
            "password_algorithm": algorithm,
            "password_expired_at": None,
        },
    }


def _old_discourse(number, name, email, stored):
    rows = _discourse(number, name, email, stored)
    rows.pop("user_passwords")
    text, salt, algorithm = stored
    rows["users"].update(password_hash=text, salt=salt, password_algorithm=algorithm)
    return rows


DISCOURSE_DDL = """
CREATE TABLE users (
  id integer NOT NULL PRIMARY KEY,
  username character varying(60) NOT NULL UNIQUE,
  created_at timestamp without time zone NOT NULL,
  name character varying,
  active boolean DEFAULT false NOT NULL,
  suspended_till timestamp without time zone,
  staged boolean DEFAULT false NOT NULL{more}
);
CREATE TABLE user_emails (
  id integer NOT NULL PRIMARY KEY,
  user_id integer NOT NULL,
  email character varying(513) NOT NULL,
  "primary" boolean DEFAULT false NOT NULL
);
CREATE UNIQUE INDEX index_user_emails_on_email ON user_emails (lower(email));
CREATE UNIQUE INDEX index_user_emails_on_user_id_and_primary
  ON user_emails (user_id, "primary") WHERE "primary"
"""
DISCOURSE_PASSWORDS = """;
CREATE TABLE user_passwords (
  user_id integer NOT NULL UNIQUE,
  password_hash character varying(64) NOT NULL,
  password_salt character varying(32) NOT NULL,
  password_algorithm character varying(64) NOT NULL,
  password_expired_at timestamp without time zone
)"""
DISCOURSE_PEOPLE = (
    Somebody("bob", {"suspended_till": FUTURE}, expected=BLOCKED),
    Somebody("lifted", {"suspended_till": PAST}, expected=FREE),
    Somebody("inactive", {"active": False}, expected=BLOCKED),
    Somebody("system", {"id": -1, "user_id": -1}, expected=None),
    Somebody("staged", {"staged": True}, expected=None),
    Somebody("nullname", {"name": None}, expected={"profile": {}}),
    Somebody(
        "second",
        more=(
            (
                "user_emails",
                {
                    "id": 999,
                    "user_id": "#",
                    "email": "other@example.com",
                    "primary": False,
                },
            ),
        ),
        expected={"email": "second@example.com"},
    ),
)
DISCOURSE_ADA = {
    "username": "Ada",
    "profile": {"name": "Ada Lovelace"},
    "created_at": THEN_ISO,
    **UNVERIFIED,
    **FREE,
}
DISCOURSE_VECTORS = tuple(
    ((stored["hash"], stored["salt"], stored["params"]["algorithm"]), password)
    for stored, password in (vector("discourse_pbkdf2-feee6c8b26"),)
)
DISCOURSE = Case(
    name="discourse",
    make=products.discourse,
    ddl={"postgresql": DISCOURSE_DDL.replace("{more}", "") + DISCOURSE_PASSWORDS},
    person=_discourse,
    hashed=discourse_row,
    ada={"must_change_password": False, **DISCOURSE_ADA},
    others=(
        *DISCOURSE_PEOPLE,
        Somebody(
            "expired",
            {"password_expired_at": PAST},
            expected={"must_change_password": True},
        ),
    ),
    vectors=DISCOURSE_VECTORS,
)
OLD_DISCOURSE = Case(
    name="discourse",
    label="old",
    grants="discourse old",
    make=lambda where: products.discourse(where, password_table=False),
    ddl={
        "postgresql": DISCOURSE_DDL.replace(
            "{more}",
            ", password_hash character varying(64), salt character varying(32),"
            " password_algorithm character varying(64)",
        )
    },
    person=_old_discourse,
    hashed=discourse_row,
    ada=DISCOURSE_ADA,
    others=(
        *DISCOURSE_PEOPLE,
        Somebody("nullpass", {"password_hash": None}, logs_in=False),
    ),
    vectors=DISCOURSE_VECTORS,
)


CASES = (
    LARAVEL,
    SOFT_LARAVEL,
    RAILS,
    DEVISE,
    LOCKING,
    UNLOCKING,
    DJANGO,
    NAMELESS_DJANGO,
    SYMFONY,
    FOS,
    NAMES_ONLY,
    FLASK,
    CONFIRMING_FLASK,
    KEYCLOAK,
    FORCED_KEYCLOAK,
    SUPABASE,
    DISCOURSE,
    OLD_DISCOURSE,
)
