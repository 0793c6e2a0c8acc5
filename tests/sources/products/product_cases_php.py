"""
Products in PHP, with the parts of their schemas that are read.

The schemas are those of the products: ``wp-admin/includes/schema.php`` of WordPress,
``user.install`` of Drupal 7 and the entity schema of Drupal 10, ``base.sql`` of Joomla,
``tables-generated.sql`` of MediaWiki, ``install.xml`` of Moodle, the schema files of
phpBB 3.3, the dumps of vBulletin and XenForo, ``mysql4-install`` of Magento 1 and
``db_schema.xml`` of Magento 2, and the first migration of Nextcloud.
"""

from hashlib import sha1

from product_case import (
    FUTURE_EPOCH,
    PAST_EPOCH,
    THEN,
    THEN_ISO,
    THEN_TEXT,
    Case,
    Somebody,
    magento_1,
    magento_2,
    mediawiki_b,
    php,
    serialized,
    vbulletin_3,
    vbulletin_5,
    vector,
    wordpress_68,
    xenforo_12,
)

from migratekit.sources import products


BLOCKED = {"blocked": True}
FREE = {"blocked": False}


def _wordpress(number, name, email, stored):
    return {
        "wp_users": {
            "ID": number,
            "user_login": name,
            "user_pass": stored,
            "user_email": email,
            "user_registered": THEN_TEXT,
            "display_name": "Ada Lovelace",
        }
    }


def _network(number, name, email, stored):
    row = _wordpress(number, name, email, stored)["wp_users"]
    return {"wp_users": {**row, "spam": 0, "deleted": 0}}


WORDPRESS_DDL = """
CREATE TABLE wp_users (
  ID bigint(20) unsigned NOT NULL PRIMARY KEY,
  user_login varchar(60) COLLATE utf8mb4_unicode_520_ci NOT NULL default '',
  user_pass varchar(255) COLLATE utf8mb4_unicode_520_ci NOT NULL default '',
  user_email varchar(100) COLLATE utf8mb4_unicode_520_ci NOT NULL default '',
  user_registered datetime NOT NULL default '2000-01-01 00:00:00',
  display_name varchar(250) COLLATE utf8mb4_unicode_520_ci NOT NULL default ''{more}
);
CREATE INDEX user_login_key ON wp_users (user_login);
CREATE INDEX user_email ON wp_users (user_email);
"""
WORDPRESS = Case(
    name="wordpress",
    make=products.wordpress,
    ddl={"mysql": WORDPRESS_DDL.replace("{more}", "")},
    person=_wordpress,
    hashed=wordpress_68,
    ada={
        "user_id": "11",
        "username": "Ada",
        "profile": {"name": "Ada Lovelace"},
        "created_at": THEN_ISO,
        "email_verified": False,
        **FREE,
    },
    others=(
        Somebody("bob", {"display_name": ""}, expected={"profile": {}}),
        Somebody("empty", {"user_pass": ""}, logs_in=False),
        Somebody("star", {"user_pass": "*"}, logs_in=False),
        Somebody("mailless", {"user_email": ""}, expected={"email": None}),
        Somebody("Jürgen", expected={"username": "Jürgen"}),
    ),
    vectors=(
        vector("phpass-8c12fd4f1a"),
        vector("wordpress_bcrypt-6cc63fd306"),
        vector("raw_md5-f6d5069fd2"),
    ),
    twice=True,
)
NETWORK = Case(
    name="wordpress",
    label="multisite",
    grants="wordpress multisite",
    make=lambda where: products.wordpress(where, multisite=True),
    ddl={
        "mysql": WORDPRESS_DDL.replace(
            "{more}",
            ", spam tinyint(2) NOT NULL default '0',"
            " deleted tinyint(2) NOT NULL default '0'",
        )
    },
    person=_network,
    hashed=wordpress_68,
    ada=FREE,
    others=(
        Somebody("bob", {"spam": 1}, expected=BLOCKED),
        Somebody("gone", {"deleted": 1}, expected=BLOCKED),
    ),
    twice=True,
)


def _drupal(table, *more):
    def person(number, name, email, stored):
        row = {
            "uid": number,
            "name": name,
            "pass": stored,
            "mail": email,
            "status": 1,
            "created": THEN,
        }
        return {table: row | dict(more)}

    return person


DRUPAL = {
    "hashed": php,
    "ada": {"user_id": "11", "username": "Ada", "created_at": THEN_ISO, **FREE},
    "vectors": (
        vector("drupal7-d769bc9be5"),
        vector("drupal7-e9043c460d"),
    ),
    "twice": True,
}
DRUPAL_7 = Case(
    name="drupal7",
    make=products.drupal7,
    ddl={
        "mysql": """
CREATE TABLE users (
  uid int unsigned NOT NULL DEFAULT 0 PRIMARY KEY,
  name varchar(60) CHARACTER SET utf8 NOT NULL DEFAULT '' UNIQUE,
  pass varchar(128) NOT NULL DEFAULT '',
  mail varchar(254) CHARACTER SET utf8 DEFAULT '',
  created int NOT NULL DEFAULT 0,
  status tinyint NOT NULL DEFAULT 0
)""",
        "postgresql": """
CREATE TABLE users (
  uid bigint NOT NULL DEFAULT 0 PRIMARY KEY CHECK (uid >= 0),
  name varchar(60) NOT NULL DEFAULT '' UNIQUE,
  pass varchar(128) NOT NULL DEFAULT '',
  mail varchar(254) DEFAULT '',
  created integer NOT NULL DEFAULT 0,
  status smallint NOT NULL DEFAULT 0
)""",
    },
    person=_drupal("users"),
    others=(
        Somebody("bob", {"status": 0}, expected=BLOCKED),
        Somebody("anonymous", {"uid": 0}, expected=None),
        Somebody("nullmail", {"mail": None}, expected={"email": None}),
        Somebody("empty", {"pass": ""}, logs_in=False),
    ),
    **DRUPAL,
)
DRUPAL_10 = Case(
    name="drupal",
    make=products.drupal,
    ddl={
        "mysql": """
CREATE TABLE users_field_data (
  uid int unsigned NOT NULL,
  langcode varchar(12) CHARACTER SET ascii NOT NULL,
  name varchar(60) NOT NULL,
  pass varchar(255) DEFAULT NULL,
  mail varchar(254) DEFAULT NULL,
  status tinyint DEFAULT NULL,
  created int NOT NULL,
  default_langcode tinyint NOT NULL,
  PRIMARY KEY (uid, langcode),
  UNIQUE (name, langcode)
)""",
        "postgresql": """
CREATE TABLE users_field_data (
  uid bigint NOT NULL,
  langcode varchar(12) NOT NULL,
  name varchar(60) NOT NULL,
  pass varchar(255) DEFAULT NULL,
  mail varchar(254) DEFAULT NULL,
  status smallint DEFAULT NULL,
  created integer NOT NULL,
  default_langcode smallint NOT NULL,
  PRIMARY KEY (uid, langcode),
  UNIQUE (name, langcode)
)""",
    },
    person=_drupal("users_field_data", ("langcode", "en"), ("default_langcode", 1)),
    others=(
        Somebody("bob", {"status": 0}, expected=BLOCKED),
        Somebody("nullstatus", {"status": None}, expected=BLOCKED),
        Somebody("nullpass", {"pass": None}, logs_in=False),
        Somebody("nullmail", {"mail": None}, expected={"email": None}),
        Somebody("anonymous", {"uid": 0}, expected=None),
        Somebody(
            "translated",
            more=(
                (
                    "users_field_data",
                    {
                        "uid": "#",
                        "langcode": "fr",
                        "name": "translated",
                        "mail": "translated@example.com",
                        "status": 0,
                        "created": THEN,
                        "default_langcode": 0,
                    },
                ),
            ),
            expected=FREE,
        ),
    ),
    **DRUPAL,
)


def _joomla(number, name, email, stored):
    return {
        "jos_users": {
            "id": number,
            "name": "Ada Lovelace",
            "username": name,
            "email": email,
            "password": stored,
            "block": 0,
            "registerDate": THEN_TEXT,
            "requireReset": 0,
        }
    }


def _old_joomla(number, name, email, stored):
    row = _joomla(number, name, email, stored)["jos_users"]
    row.pop("requireReset")
    return {"jos_users": row}


JOOMLA_DDL = {
    "mysql": """
CREATE TABLE jos_users (
  id int NOT NULL PRIMARY KEY,
  name varchar(400) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT '',
  username varchar(150) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT '' UNIQUE,
  email varchar(100) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT '',
  password varchar(100) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT '',
  block tinyint NOT NULL DEFAULT 0,
  registerDate datetime NOT NULL,
  requireReset tinyint NOT NULL DEFAULT 0
)""",
    "postgresql": """
CREATE TABLE jos_users (
  id integer NOT NULL PRIMARY KEY,
  name varchar(400) NOT NULL DEFAULT '',
  username varchar(150) NOT NULL DEFAULT '' UNIQUE,
  email varchar(100) NOT NULL DEFAULT '',
  password varchar(100) NOT NULL DEFAULT '',
  block smallint NOT NULL DEFAULT 0,
  "registerDate" timestamp without time zone NOT NULL,
  "requireReset" smallint NOT NULL DEFAULT 0
)""",
}
JOOMLA = Case(
    name="joomla",
    make=products.joomla,
    ddl=JOOMLA_DDL,
    person=_joomla,
    hashed=php,
    ada={
        "username": "Ada",
        "profile": {"name": "Ada Lovelace"},
        "created_at": THEN_ISO,
        "must_change_password": False,
        **FREE,
    },
    others=(
        Somebody("bob", {"block": 1}, expected=BLOCKED),
        Somebody("reset", {"requireReset": 1}, expected={"must_change_password": True}),
        Somebody("empty", {"password": ""}, logs_in=False),
    ),
    vectors=(vector("joomla_md5-804de712f8"), vector("phpass-4f550bfdd5")),
    twice=True,
)
OLD_JOOMLA = Case(
    name="joomla",
    label="old",
    grants=None,
    make=lambda where: products.joomla(where, require_reset=False),
    ddl={
        backend: ddl.replace(",\n  requireReset tinyint NOT NULL DEFAULT 0", "")
        for backend, ddl in JOOMLA_DDL.items()
        if backend == "mysql"
    },
    person=_old_joomla,
    hashed=php,
    ada={"must_change_password": False},
    others=(Somebody("bob", {"block": 1}, expected=BLOCKED),),
    twice=True,
)


def _mediawiki(number, name, email, stored):
    return {
        "user": {
            "user_id": number,
            "user_name": name[0].upper() + name[1:],
            "user_real_name": "Ada Lovelace",
            "user_password": stored,
            "user_email": email,
            "user_email_authenticated": "20200102030405",
            "user_registration": "20200102030405",
        }
    }


MEDIAWIKI = Case(
    name="mediawiki",
    make=products.mediawiki,
    ddl={
        "mysql": """
CREATE TABLE `user` (
  user_id int unsigned NOT NULL PRIMARY KEY,
  user_name varbinary(255) DEFAULT '' NOT NULL UNIQUE,
  user_real_name varbinary(255) DEFAULT '' NOT NULL,
  user_password tinyblob NOT NULL,
  user_email tinyblob NOT NULL,
  user_email_authenticated binary(14) DEFAULT NULL,
  user_registration binary(14) DEFAULT NULL
)"""
    },
    person=_mediawiki,
    hashed=mediawiki_b,
    ada={
        "username": "Ada",
        "email_verified": True,
        "profile": {"name": "Ada Lovelace"},
        "created_at": THEN_ISO,
        **FREE,
    },
    others=(
        Somebody(
            "bob",
            {"user_email_authenticated": None, "user_registration": None},
            expected={"email_verified": False, "created_at": None},
        ),
        Somebody("mailless", {"user_email": ""}, expected={"email": None}),
        Somebody("system", {"user_password": ""}, expected=None),
        Somebody("nobody", {"user_password": ":null:"}, expected=None),
    ),
    vectors=(
        vector("mediawiki-335064dcf7"),
        vector("mediawiki-83d6941715"),
        vector("mediawiki-d22a9bdbd1"),
    ),
    twice=True,
)


def _moodle(number, name, email, stored):
    return {
        "mdl_user": {
            "id": number,
            "auth": "manual",
            "confirmed": 1,
            "deleted": 0,
            "suspended": 0,
            "mnethostid": 1,
            "username": name,
            "password": stored,
            "firstname": "Ada",
            "lastname": "Lovelace",
            "email": email,
            "timecreated": THEN,
        }
    }


def _preference(value, name="auth_forcepasswordchange"):
    row = {"id": "#", "userid": "#", "name": name, "value": value}
    return ("mdl_user_preferences", row)


MOODLE = Case(
    name="moodle",
    make=products.moodle,
    ddl={
        "mysql": """
CREATE TABLE mdl_user (
  id bigint(10) NOT NULL PRIMARY KEY,
  auth varchar(20) NOT NULL DEFAULT 'manual',
  confirmed tinyint(1) NOT NULL DEFAULT 0,
  deleted tinyint(1) NOT NULL DEFAULT 0,
  suspended tinyint(1) NOT NULL DEFAULT 0,
  mnethostid bigint(10) NOT NULL DEFAULT 0,
  username varchar(100) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT '',
  password varchar(255) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT '',
  firstname varchar(100) NOT NULL DEFAULT '',
  lastname varchar(100) NOT NULL DEFAULT '',
  email varchar(100) COLLATE utf8mb4_unicode_ci NOT NULL DEFAULT '',
  timecreated bigint(10) NOT NULL DEFAULT 0,
  UNIQUE (mnethostid, username)
);
CREATE TABLE mdl_user_preferences (
  id bigint(10) NOT NULL PRIMARY KEY,
  userid bigint(10) NOT NULL,
  name varchar(255) NOT NULL DEFAULT '',
  value varchar(1333) NOT NULL DEFAULT ''
)""",
        "postgresql": """
CREATE TABLE mdl_user (
  id bigint NOT NULL PRIMARY KEY,
  auth varchar(20) NOT NULL DEFAULT 'manual',
  confirmed smallint NOT NULL DEFAULT 0,
  deleted smallint NOT NULL DEFAULT 0,
  suspended smallint NOT NULL DEFAULT 0,
  mnethostid bigint NOT NULL DEFAULT 0,
  username varchar(100) NOT NULL DEFAULT '',
  password varchar(255) NOT NULL DEFAULT '',
  firstname varchar(100) NOT NULL DEFAULT '',
  lastname varchar(100) NOT NULL DEFAULT '',
  email varchar(100) NOT NULL DEFAULT '',
  timecreated bigint NOT NULL DEFAULT 0,
  UNIQUE (mnethostid, username)
);
CREATE TABLE mdl_user_preferences (
  id bigint NOT NULL PRIMARY KEY,
  userid bigint NOT NULL,
  name varchar(255) NOT NULL DEFAULT '',
  value varchar(1333) NOT NULL DEFAULT ''
)""",
    },
    person=_moodle,
    hashed=php,
    ada={
        "profile": {"given_name": "Ada", "family_name": "Lovelace"},
        "created_at": THEN_ISO,
        "must_change_password": False,
        "email_verified": False,
        **FREE,
    },
    others=(
        Somebody("bob", {"suspended": 1}, expected=BLOCKED),
        Somebody("registered", {"auth": "email"}, expected=FREE),
        Somebody("unconfirmed", {"auth": "email", "confirmed": 0}, expected=BLOCKED),
        Somebody("nologin", {"auth": "nologin"}, expected=BLOCKED, logs_in=False),
        Somebody("ldap", {"auth": "ldap"}, expected=FREE, logs_in=False),
        Somebody("cached", {"password": "not cached"}, logs_in=False),
        Somebody("restored", {"password": "restored"}, logs_in=False),
        Somebody("guest", expected=None),
        Somebody("deleted", {"deleted": 1}, expected=None),
        Somebody("elsewhere", {"mnethostid": 2}, expected=None),
        Somebody(
            "forced",
            {"timecreated": 0},
            more=(_preference("1"),),
            expected={"must_change_password": True, "created_at": None},
        ),
        *(
            Somebody(
                f"unforced{number}",
                more=(preference,),
                expected={"must_change_password": False},
            )
            for number, preference in enumerate(
                (_preference("0"), _preference(""), _preference("1", "htmleditor"))
            )
        ),
    ),
    vectors=(vector("raw_md5-3d56eea39e"), vector("sha512_crypt-3ceaf7365d")),
    twice=True,
)


def _phpbb(number, name, email, stored):
    return {
        "phpbb_users": {
            "user_id": number,
            "user_type": 0,
            "user_regdate": THEN,
            "username": name,
            "user_password": stored,
            "user_email": email,
        }
    }


def _ban(end, exclude=0):
    return (
        "phpbb_banlist",
        {"ban_id": "#", "ban_userid": "#", "ban_end": end, "ban_exclude": exclude},
    )


PHPBB = Case(
    name="phpbb",
    make=products.phpbb,
    ddl={
        "mysql": """
CREATE TABLE phpbb_users (
  user_id int(10) unsigned NOT NULL PRIMARY KEY,
  user_type tinyint(2) DEFAULT '0' NOT NULL,
  user_regdate int(11) unsigned DEFAULT '0' NOT NULL,
  username varchar(255) CHARACTER SET utf8 COLLATE utf8_bin DEFAULT '' NOT NULL,
  user_password varchar(255) CHARACTER SET utf8 COLLATE utf8_bin DEFAULT '' NOT NULL,
  user_email varchar(100) CHARACTER SET utf8 COLLATE utf8_bin DEFAULT '' NOT NULL
);
CREATE TABLE phpbb_banlist (
  ban_id int(10) unsigned NOT NULL PRIMARY KEY,
  ban_userid int(10) unsigned DEFAULT '0' NOT NULL,
  ban_end int(11) unsigned DEFAULT '0' NOT NULL,
  ban_exclude tinyint(1) unsigned DEFAULT '0' NOT NULL
)""",
        "postgresql": """
CREATE TABLE phpbb_users (
  user_id INT4 PRIMARY KEY CHECK (user_id >= 0),
  user_type INT2 DEFAULT '0' NOT NULL,
  user_regdate INT4 DEFAULT '0' NOT NULL,
  username varchar(255) DEFAULT '' NOT NULL,
  user_password varchar(255) DEFAULT '' NOT NULL,
  user_email varchar(100) DEFAULT '' NOT NULL
);
CREATE TABLE phpbb_banlist (
  ban_id INT4 PRIMARY KEY,
  ban_userid INT4 DEFAULT '0' NOT NULL,
  ban_end INT4 DEFAULT '0' NOT NULL,
  ban_exclude INT2 DEFAULT '0' NOT NULL
)""",
    },
    person=_phpbb,
    hashed=php,
    ada={"username": "Ada", "created_at": THEN_ISO, **FREE},
    others=(
        Somebody("bob", more=(_ban(0),), expected=BLOCKED),
        Somebody("banned", more=(_ban(FUTURE_EPOCH),), expected=BLOCKED),
        Somebody("unbanned", more=(_ban(PAST_EPOCH),), expected=FREE),
        Somebody("excluded", more=(_ban(0, 1),), expected=FREE),
        Somebody("inactive", {"user_type": 1}, expected=BLOCKED),
        Somebody("founder", {"user_type": 3}, expected=FREE),
        Somebody("Anonymous", {"user_type": 2}, expected=None),
        Somebody("robot", {"user_type": 2, "user_password": ""}, expected=None),
    ),
    vectors=(vector("phpass_phpbb3-8576ad618a"),),
    twice=True,
)


def _vbulletin(number, name, email, stored):
    token, salt = stored
    return {
        "user": {
            "userid": number,
            "usergroupid": 2,
            "username": name,
            "password": token,
            "email": email,
            "joindate": THEN,
            "salt": salt,
        }
    }


def _vbulletin5(number, name, email, stored):
    row = _vbulletin(number, name, email, stored)["user"]
    row["token"], row["scheme"] = row.pop("password"), row.pop("salt")
    return {"user": row}


def _lift(date):
    return ("userban", {"userid": "#", "liftdate": date})


VBULLETIN_DDL = """
CREATE TABLE `user` (
  userid INT UNSIGNED NOT NULL PRIMARY KEY,
  usergroupid SMALLINT UNSIGNED NOT NULL DEFAULT '0',
  username VARCHAR(100) CHARACTER SET latin1 NOT NULL DEFAULT '',
  {columns},
  email CHAR(100) CHARACTER SET latin1 NOT NULL DEFAULT '',
  joindate INT UNSIGNED NOT NULL DEFAULT '0'
);
CREATE TABLE userban (
  userid INT UNSIGNED NOT NULL DEFAULT '0' PRIMARY KEY,
  liftdate INT UNSIGNED NOT NULL DEFAULT '0'
)"""
VBULLETIN_PEOPLE = (
    Somebody("bob", {"usergroupid": 8}, expected=BLOCKED),
    Somebody("banned", more=(_lift(0),), expected=BLOCKED),
    Somebody("paused", more=(_lift(FUTURE_EPOCH),), expected=BLOCKED),
    Somebody("lifted", {"joindate": 0}, more=(_lift(PAST_EPOCH),), expected=FREE),
    Somebody("Jürgen", expected={"username": "Jürgen"}),
)


def _salted(name):
    stored, password = vector(name)
    return (stored["hash"], stored["salt"]), password


VBULLETIN = Case(
    name="vbulletin",
    make=products.vbulletin,
    ddl={
        "mysql": VBULLETIN_DDL.replace(
            "{columns}",
            "password CHAR(32) NOT NULL DEFAULT '', salt CHAR(30) NOT NULL DEFAULT ''",
        ).replace("UNSIGNED", "unsigned")
    },
    person=_vbulletin,
    hashed=vbulletin_3,
    ada={"username": "Ada", "created_at": THEN_ISO, **FREE},
    others=VBULLETIN_PEOPLE,
    vectors=(
        _salted("vbulletin_md5-0df4a74eb8"),
        _salted("vbulletin_md5-2fbfe3201a"),
    ),
    twice=True,
)
BCRYPT_HASH, BCRYPT_PASSWORD = vector("bcrypt_of_md5-61fe0e1750")
OLD_HASH, OLD_PASSWORD = _salted("vbulletin_md5-2fbfe3201a")
VBULLETIN_5 = Case(
    name="vbulletin5",
    make=products.vbulletin5,
    ddl={
        "mysql": VBULLETIN_DDL.replace(
            "{columns}",
            "token VARCHAR(255) NOT NULL DEFAULT '',"
            " scheme VARCHAR(100) NOT NULL DEFAULT ''",
        ).replace("UNSIGNED", "unsigned")
    },
    person=_vbulletin5,
    hashed=vbulletin_5,
    ada={"username": "Ada", "created_at": THEN_ISO, **FREE},
    others=VBULLETIN_PEOPLE,
    vectors=(
        ((BCRYPT_HASH, "blowfish:5"), BCRYPT_PASSWORD),
        ((" ".join(OLD_HASH), "legacy"), OLD_PASSWORD),
    ),
    twice=True,
)


def _xenforo(number, name, email, stored):
    scheme, data = stored
    return {
        "xf_user": {
            "user_id": number,
            "username": name,
            "email": email,
            "register_date": THEN,
            "user_state": "valid",
            "is_banned": 0,
        },
        "xf_user_authenticate": {
            "": 0,
            "user_id": number,
            "scheme_class": scheme,
            "data": data,
        },
    }


def _locking(number, name, email, stored):
    rows = _xenforo(number, name, email, stored)
    rows["xf_user"]["security_lock"] = ""
    return rows


def _xenforo_vector(scheme, name, **more):
    (text, salt), password = _salted(name)
    return (scheme, serialized(hash=text, salt=salt, **more)), password


XENFORO_DDL = """
CREATE TABLE xf_user (
  user_id INT unsigned NOT NULL PRIMARY KEY,
  username VARCHAR(50) NOT NULL UNIQUE,
  email VARCHAR(120) NOT NULL,
  register_date INT unsigned NOT NULL DEFAULT '0',
  user_state VARCHAR(20) NOT NULL DEFAULT 'valid',
  is_banned TINYINT unsigned NOT NULL DEFAULT '0'{more}
);
CREATE TABLE xf_user_authenticate (
  user_id INT unsigned NOT NULL PRIMARY KEY,
  scheme_class VARBINARY(80) NOT NULL,
  data MEDIUMBLOB NOT NULL
)"""
XENFORO = Case(
    name="xenforo",
    make=products.xenforo,
    ddl={"mysql": XENFORO_DDL.replace("{more}", "")},
    person=_xenforo,
    hashed=xenforo_12,
    ada={"username": "Ada", "created_at": THEN_ISO, **FREE},
    others=(
        Somebody("bob", {"is_banned": 1}, expected=BLOCKED),
        Somebody("disabled", {"user_state": "disabled"}, expected=BLOCKED),
        Somebody("rejected", {"user_state": "rejected"}, expected=BLOCKED),
        Somebody("waiting", {"user_state": "email_confirm"}, expected=FREE),
        Somebody("oauth", {"scheme_class": "XF:NoPassword"}, logs_in=False),
        Somebody(
            "first",
            {"scheme_class": "XenForo_Authentication_NoPassword", "data": "a:0:{}"},
            logs_in=False,
        ),
        Somebody("rowless", {"": None}, logs_in=False),
    ),
    vectors=(
        _xenforo_vector(
            "XenForo_Authentication_Core", "xenforo1-2a7a1bce3a", hashFunc="sha256"
        ),
        _xenforo_vector("XF:Core", "xenforo1-52b8f3fc94", hashFunc="sha1"),
        _xenforo_vector("XF:vBulletin", "vbulletin_md5-2fbfe3201a"),
        _xenforo_vector("XF:MyBb", "mybb_ipb_md5-0e6a2148f8"),
        _xenforo_vector("XF:IPBoard", "mybb_ipb_md5-4c1177fec0"),
        (
            ("XF:PhpBb3", serialized(hash=vector("phpass_phpbb3-686bfcfa3f")[0])),
            vector("phpass_phpbb3-686bfcfa3f")[1],
        ),
        # It has the name in the hash.
        (("XF:SMF", serialized(hash=sha1(b"elder6foobar").hexdigest())), "foobar"),
        (("XF:Core12", f'{{"hash": "{php("in JSON")}"}}'), "in JSON"),
    ),
    twice=True,
)
XENFORO_21 = Case(
    name="xenforo",
    label="locking",
    grants=None,
    make=lambda where: products.xenforo(where, security_lock=True),
    ddl={
        "mysql": XENFORO_DDL.replace(
            "{more}", ", security_lock VARCHAR(10) NOT NULL DEFAULT ''"
        )
    },
    person=_locking,
    hashed=xenforo_12,
    ada={"must_change_password": False},
    others=(
        Somebody(
            "bob",
            {"is_banned": 1, "security_lock": "change"},
            expected={"must_change_password": True, **BLOCKED},
        ),
    ),
    twice=True,
)


ATTRIBUTES = {"firstname": 5, "lastname": 7, "password_hash": 12, "confirmation": 16}


def _magento1(number, name, email, stored):
    rows = {
        "customer_entity": {
            "entity_id": number,
            "website_id": 1,
            "email": email,
            "created_at": THEN_TEXT,
            "is_active": 1,
        }
    }
    rows["customer_entity_varchar"] = {
        "value_id": number,
        "attribute_id": ATTRIBUTES["password_hash"],
        "entity_id": number,
        "value": stored,
    }
    return rows


# What belongs to another kind of entity, of the same number.
ADDRESSEE = {"value_id": 1, "attribute_id": 3, "entity_id": "#", "value": "Bob"}


def _attribute(code, value):
    return (
        "customer_entity_varchar",
        {
            "value_id": 1000 + ATTRIBUTES[code],
            "attribute_id": ATTRIBUTES[code],
            "entity_id": "#",
            "value": value,
        },
    )


MAGENTO_1 = Case(
    name="magento1",
    make=products.magento1,
    ddl={
        "mysql": """
CREATE TABLE eav_entity_type (
  entity_type_id smallint unsigned NOT NULL PRIMARY KEY,
  entity_type_code varchar(50) NOT NULL
);
CREATE TABLE eav_attribute (
  attribute_id smallint unsigned NOT NULL PRIMARY KEY,
  entity_type_id smallint unsigned NOT NULL DEFAULT '0',
  attribute_code varchar(255) DEFAULT NULL,
  UNIQUE (entity_type_id, attribute_code)
);
CREATE TABLE customer_entity (
  entity_id int unsigned NOT NULL PRIMARY KEY,
  website_id smallint unsigned DEFAULT NULL,
  email varchar(255) CHARACTER SET utf8 DEFAULT NULL,
  created_at timestamp NOT NULL DEFAULT '2000-01-01 00:00:00',
  is_active smallint unsigned NOT NULL DEFAULT '1',
  UNIQUE (email, website_id)
);
CREATE TABLE customer_entity_varchar (
  value_id int NOT NULL PRIMARY KEY,
  attribute_id smallint unsigned NOT NULL DEFAULT '0',
  entity_id int unsigned NOT NULL DEFAULT '0',
  value varchar(255) CHARACTER SET utf8 DEFAULT NULL,
  UNIQUE (entity_id, attribute_id)
)"""
    },
    fixed=(
        ("eav_entity_type", {"entity_type_id": 1, "entity_type_code": "customer"}),
        (
            "eav_entity_type",
            {"entity_type_id": 2, "entity_type_code": "customer_address"},
        ),
        *(
            (
                "eav_attribute",
                {
                    "attribute_id": number,
                    "entity_type_id": 1,
                    "attribute_code": code,
                },
            )
            for code, number in ATTRIBUTES.items()
        ),
        (
            "eav_attribute",
            {"attribute_id": 3, "entity_type_id": 2, "attribute_code": "firstname"},
        ),
    ),
    person=_magento1,
    hashed=magento_1,
    ada={"username": None, "profile": {}, "created_at": THEN_ISO, **FREE},
    others=(
        Somebody("bob", {"is_active": 0}, expected=BLOCKED),
        Somebody(
            "unconfirmed",
            more=(_attribute("confirmation", "5f2e"),),
            expected=BLOCKED,
        ),
        Somebody(
            "named",
            more=(
                ("customer_entity_varchar", ADDRESSEE),
                _attribute("firstname", "Ada"),
                _attribute("lastname", "Lovelace"),
            ),
            expected={"profile": {"given_name": "Ada", "family_name": "Lovelace"}},
        ),
        Somebody("nullpass", {"value": None}, logs_in=False),
    ),
    vectors=(vector("magento1_md5-22b5a453fc"),),
    username=False,
)


def _magento2(number, name, email, stored):
    return {
        "customer_entity": {
            "entity_id": number,
            "website_id": 1,
            "email": email,
            "created_at": THEN_TEXT,
            "is_active": 1,
            "firstname": "Ada",
            "lastname": "Lovelace",
            "password_hash": stored,
            "confirmation": None,
            "lock_expires": None,
        }
    }


MAGENTO_2_DDL = {
    "mysql": """
CREATE TABLE customer_entity (
  entity_id int unsigned NOT NULL PRIMARY KEY,
  website_id smallint unsigned DEFAULT NULL,
  email varchar(255) CHARACTER SET utf8 DEFAULT NULL,
  created_at timestamp NOT NULL DEFAULT '2000-01-01 00:00:00',
  is_active smallint unsigned NOT NULL DEFAULT '1',
  firstname varchar(255) DEFAULT NULL,
  lastname varchar(255) DEFAULT NULL,
  password_hash varchar(128) DEFAULT NULL,
  confirmation varchar(64) DEFAULT NULL,
  lock_expires timestamp NULL DEFAULT '2000-01-01 00:00:00',
  UNIQUE (email, website_id)
)"""
}
MAGENTO_2 = Case(
    name="magento2",
    make=products.magento2,
    ddl=MAGENTO_2_DDL,
    person=_magento2,
    hashed=magento_2,
    ada={
        "profile": {"given_name": "Ada", "family_name": "Lovelace"},
        "created_at": THEN_ISO,
        **FREE,
    },
    others=(
        Somebody("bob", {"is_active": 0}, expected=BLOCKED),
        Somebody("locked", {"lock_expires": "2037-12-31 00:00:00"}, expected=BLOCKED),
        Somebody("unlocked", {"lock_expires": "2002-01-01 00:00:00"}, expected=FREE),
        Somebody("unconfirmed", {"confirmation": "5f2e"}, expected=BLOCKED),
        Somebody("confirmed", {"confirmation": ""}, expected=FREE),
        Somebody("nullpass", {"password_hash": None}, logs_in=False),
        Somebody("nullname", {"firstname": None}, expected={"blocked": False}),
    ),
    vectors=(vector("magento2-014da6ddfd"), vector("magento2-420fb04cec")),
    username=False,
)
WEBSITE = Case(
    name="magento2",
    label="website",
    make=lambda where: products.magento2(where, website_id=1),
    ddl=MAGENTO_2_DDL,
    person=_magento2,
    hashed=magento_2,
    ada=FREE,
    others=(
        Somebody("bob", {"is_active": 0}, expected=BLOCKED),
        Somebody("elsewhere", {"website_id": 2}, expected=None),
        Somebody("twin", {"email": "Ada@Example.com", "website_id": 2}, expected=None),
    ),
    username=False,
)


def _nextcloud(number, name, email, stored):
    return {
        "oc_users": {
            "uid": name,
            "displayname": "Ada Lovelace",
            "password": stored,
        },
        "oc_preferences": {
            "": 0,
            "userid": name,
            "appid": "settings",
            "configkey": "email",
            "configvalue": email,
        },
    }


NEXTCLOUD_DDL = """
CREATE TABLE oc_users (
  uid varchar(64) DEFAULT '' NOT NULL PRIMARY KEY,
  displayname varchar(64) DEFAULT NULL,
  password varchar(255) DEFAULT '' NOT NULL
);
CREATE TABLE oc_preferences (
  userid varchar(64) DEFAULT '' NOT NULL,
  appid varchar(32) DEFAULT '' NOT NULL,
  configkey varchar(64) DEFAULT '' NOT NULL,
  configvalue {text} DEFAULT NULL,
  PRIMARY KEY (userid, appid, configkey)
)"""


def _setting(uid, app, key, value):
    row = {"userid": uid, "appid": app, "configkey": key, "configvalue": value}
    return ("oc_preferences", row)


def _enabled(uid, value):
    return _setting(uid, "core", "enabled", value)


NEXTCLOUD = Case(
    name="nextcloud",
    make=products.nextcloud,
    ddl={
        "mysql": NEXTCLOUD_DDL.replace("{text}", "longtext").replace(
            "64)", "64) COLLATE utf8mb4_bin"
        ),
        "postgresql": NEXTCLOUD_DDL.replace("{text}", "text"),
    },
    person=_nextcloud,
    hashed=lambda password: f"1|{php(password)}",
    ada={
        "user_id": "Ada",
        "username": "Ada",
        "profile": {"name": "Ada Lovelace"},
        **FREE,
    },
    others=(
        Somebody("bob", more=(_enabled("bob", "false"),), expected=BLOCKED),
        Somebody("enabled", more=(_enabled("enabled", "true"),), expected=FREE),
        Somebody(
            "busy",
            more=(
                _setting("busy", "settings", "lang", "de"),
                _setting("busy", "mail", "email", "other@example.com"),
                _setting("busy", "theming", "enabled", "false"),
                _setting("busy", "core", "shown", "false"),
            ),
            expected={"email": "busy@example.com", **FREE},
        ),
        Somebody("mailless", {"": None, "displayname": None}, expected={"email": None}),
        Somebody("empty", {"password": ""}, logs_in=False),
    ),
    vectors=(vector("nextcloud-2c70cb1d66"), vector("nextcloud-77fa3a6daf")),
    twice=True,
)

CASES = (
    WORDPRESS,
    NETWORK,
    DRUPAL_7,
    DRUPAL_10,
    JOOMLA,
    OLD_JOOMLA,
    MEDIAWIKI,
    MOODLE,
    PHPBB,
    VBULLETIN,
    VBULLETIN_5,
    XENFORO,
    XENFORO_21,
    MAGENTO_1,
    MAGENTO_2,
    WEBSITE,
    NEXTCLOUD,
)
