"""
Which hashes are quick to guess: what schemes, formats and presets say of themselves.
"""

import importlib
import inspect
import pkgutil

import pytest
from vectors import GIVEN

from migratekit import formats
from migratekit._flows.gate import weak_formats
from migratekit.formats import (
    Argon2,
    Bcrypt,
    Derivation,
    Digest,
    FirstOf,
    Format,
    Pbkdf2,
    Prefixed,
    Prehashed,
    presets,
)
from migratekit.formats.crypt import Crypt
from migratekit.formats.presets.catalogue import wrapped
from migratekit.formats.presets.guessing import EITHER, QUICK, SLOW, is_slow
from migratekit.formats.scheme import InBraces, Scheme, quick_of
from migratekit.imports import auth0_format
from migratekit.passwords import OWASP_MINIMUM, format_of
from migratekit.sources.products._board_hashes import VBulletin5Hashes


MD5, SLOWLY = Digest("md5($pass)"), Bcrypt()


def of_preset(name):
    """
    Return what a preset makes, and which arguments it has of its own.
    """
    function = getattr(presets, name)
    parameters = inspect.signature(function).parameters
    own = {key for key, each in parameters.items() if each.kind is not each.VAR_KEYWORD}
    needed = [key for key in own if parameters[key].default is inspect.Parameter.empty]
    return function(**{key: GIVEN[key] for key in needed}), own


# --- Presets ----------------------------------------------------------------------------


def test_every_preset():
    """
    Every preset has one answer, and there is none without a preset.
    """
    names = [*QUICK, *EITHER, *SLOW]

    assert sorted(presets.__all__) == sorted(names)


@pytest.mark.parametrize("name", presets.__all__)
def test_preset(name):
    """
    What stands by the name of a preset is what its scheme says.
    """
    format_, own = of_preset(name)

    documented = {True: "yes", False: "no", None: "weak ones"}[format_.quick]
    # It may be quick as it is, and slow with other arguments.
    assert documented == wrapped(name) or (own and name in EITHER)
    assert (name in SLOW) is (format_.quick is False)


@pytest.mark.parametrize("name", sorted({*presets.__all__} - {"vbulletin5"}))
def test_label(name):
    """
    The gate lets pass what is slow, and nothing else.
    """
    format_, _ = of_preset(name)

    weak = weak_formats({format_.name: 3})

    assert ({} if format_.quick is False else {format_.name: 3}) == weak


@pytest.mark.parametrize(
    "label",
    [
        format_of(OWASP_MINIMUM.hash("pw")),
        "argon2i v=16 m=8,t=1,p=1",
        "argon2d m=8,t=1,p=1",
        "argon2id(raw_md5)",
        "argon2id(md5(md5($pass).$salt))",
        "wordpress(bcrypt)",
        "django(argon2)",
        "werkzeug(scrypt)",
    ],
)
def test_slow_label(label):
    """
    Hashes of argon2 are slow, at whatever cost, and so is what is wrapped.
    """
    assert is_slow(label)
    assert {} == weak_formats({label: 1, "none": 2})


@pytest.mark.parametrize(
    "label",
    [
        *("other", "", "sha1($salt.$pass)", "bcrypt (once)", "bcrypt of md5"),
        *("argon2idle", "(bcrypt)", "wordpress(phpass)", "wordpress(bcrypt) "),
    ],
)
def test_unknown_label(label):
    """
    What is not known to be slow counts as quick, whatever it sounds like.
    """
    assert not is_slow(label)
    assert {label: 1} == weak_formats({label: 1})


def test_shared_name():
    """
    A name that a format with quick hashes has as well is not known to be slow.
    """
    assert presets.vbulletin5().quick is False
    assert VBulletin5Hashes().name == presets.vbulletin5().name
    assert not is_slow("vbulletin5")


def test_formats_of_auth0():
    """
    None of the formats that an import makes for itself is called slow, and is not.
    """
    slow = {
        each.name: each.quick for each in auth0_format().formats if is_slow(each.name)
    }

    assert {"argon2": False, "bcrypt": False} == slow


# --- Schemes ----------------------------------------------------------------------------


def schemes():
    """
    Return all classes in the formats that read a stored hash, by their names.
    """
    found = {}
    for info in pkgutil.walk_packages(formats.__path__, "migratekit.formats."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        found |= {
            name: each
            for name, each in inspect.getmembers(module, inspect.isclass)
            if hasattr(each, "read") and not hasattr(each, "blank")  # a layout
        }
    del found["Scheme"]
    return found


def test_every_scheme():
    """
    Every scheme says whether its hashes are quick to guess.
    """
    found = schemes()

    assert [] == [name for name, each in found.items() if not hasattr(each, "quick")]
    assert {"Argon2", "Digest", "FirstOf", "_SplitBcrypt"} < {*found}


@pytest.mark.parametrize(
    ("scheme", "quick"),
    [
        (MD5, True),
        (SLOWLY, False),
        (FirstOf((MD5, MD5)), True),
        (FirstOf((SLOWLY, Argon2())), False),
        (FirstOf((SLOWLY, MD5)), None),
        (InBraces((("A", SLOWLY), ("B", MD5))), None),
        (InBraces((("A", SLOWLY), ("B", SLOWLY))), False),
        (Prefixed("x", SLOWLY), False),
        (Prefixed("x", FirstOf((SLOWLY, MD5))), None),
        (Prehashed("md5($pass)", SLOWLY), False),
        (Crypt("sha512_crypt"), False),
        (Crypt("md5_crypt"), True),
        (Pbkdf2("{key:hex}", digest="sha1", rounds=1000), True),
        (Pbkdf2("{key:hex}", digest="sha1", rounds=1_300_000), False),
        (Pbkdf2("{rounds:int}${key:hex}", digest="sha1"), None),
        (Pbkdf2("{digest:sha1|md5}${key:hex}", rounds=1), None),
    ],
    ids=repr,
)
def test_scheme(scheme, quick):
    """
    A scheme of others says what they say, if that is the same.
    """
    assert quick is quick_of(scheme)
    assert quick is Format("mine", scheme).quick


@pytest.mark.parametrize(
    ("said", "quick"), [(True, True), (False, False), (None, None), ("no", None)]
)
def test_scheme_of_your_own(said, quick):
    """
    A digest of a scheme of your own is weak, unless the scheme says that none is.
    """

    class Own:
        def read(self, stored, ceilings):
            return Derivation(b"key", bytes.upper, lambda: "husk", self)

    assert Own().read("", None).weak
    own = Own()
    own.quick = said

    assert quick is Format("own", own).quick
    assert (quick is not False) is own.read("", None).weak


def test_protocol():
    """
    A scheme need not say anything.
    """
    assert not hasattr(Scheme, "quick")
    assert quick_of(object()) is None
