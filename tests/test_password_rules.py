"""
What a new password must be like.
"""

import pickle
import subprocess
import sys
import unicodedata

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from world import connect

from migratekit import MigrationPolicy
from migratekit.errors import (
    ConfigurationError,
    ContractError,
    PasswordRejectedError,
    Violation,
)
from migratekit.password_rules import PasswordRules, common_passwords


ADA = "ada@example.com"
OLD = "old@example.com"
GOOD = "a long passphrase"
COMMON = sorted(common_passwords())
CONTEXT = Violation("password_in_context", "password", "It has our name in it.")


def codes(violations):
    return [violation.code for violation in violations]


def named(password):
    return [CONTEXT] if "acme" in password else []


async def named_async(password):
    return named(password)


class Named:
    """
    A check that nobody can see to be a coroutine function.
    """

    def __call__(self, password):
        return named_async(password)


class Later:
    """
    What can be awaited, and neither is a coroutine nor can be closed.
    """

    def __init__(self, violations):
        self.violations = violations

    def __await__(self):
        yield from ()
        return self.violations


# --- Length ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minimum", "password", "expected"),
    [
        (8, "", ["password_too_short"]),
        (8, "kqxvmzw", ["password_too_short"]),
        (8, "kqxvmzwj", []),
        (8, "        ", []),
        (8, "🦄" * 7, ["password_too_short"]),
        (8, "🦄" * 8, []),
        (15, "kqxvmzwjkqxvmz", ["password_too_short"]),
        (15, "kqxvmzwjkqxvmzw", []),
        (64, "x" * 63, ["password_too_short"]),
        (64, "x" * 64, []),
        (8, "x" * 4096, []),
    ],
)
def test_length(minimum, password, expected):
    """
    Code points are counted, whatever they are, and there is no longest password.
    """
    assert expected == codes(PasswordRules(minimum_length=minimum)(password))


def test_length_of_normal_form():
    """
    A letter with its accent is one, however a keyboard sends it.
    """
    password = "é" * 7

    for form in ("NFC", "NFD"):
        typed = unicodedata.normalize(form, password)
        assert ["password_too_short"] == codes(PasswordRules()(typed))
        assert [] == codes(PasswordRules()(typed + "!"))


@given(st.integers(8, 64), st.text(max_size=63))
def test_shorter(minimum, password):
    """
    Whatever is shorter is refused, for that alone.
    """
    violations = PasswordRules(minimum_length=minimum)(password[: minimum - 1])

    assert ["password_too_short"] == codes(violations)


@pytest.mark.parametrize("character", ["q", "Q", "7", "-", " ", "é", "字", "🦄"])
def test_no_composition(character):
    """
    Of which characters a password is made is its owner's business.
    """
    assert () == PasswordRules(minimum_length=15)(character * 15)


# --- The list --------------------------------------------------------------------------


def test_list():
    """
    There is a list for the least minimum, in the form in which it is compared.
    """
    assert 11_703 == len(COMMON)
    assert 8 == min(map(len, COMMON))
    assert [] == [word for word in COMMON if word != word.casefold() or word.isspace()]
    assert all(word.isascii() and word.isprintable() for word in COMMON)


@pytest.mark.parametrize("minimum", [8, 9])
def test_enough(minimum):
    """
    At least 3,000 of the list could be passwords (OWASP ASVS 5.0, 6.2.4).
    """
    assert 3000 <= sum(len(word) >= minimum for word in COMMON)


@given(st.sampled_from(COMMON), st.data())
@example("password1", None)
def test_any_case(word, data):
    """
    A common password is refused in any letter case.
    """
    cases = [word, word.upper(), word.title()]
    if data is not None:
        flags = data.draw(st.lists(st.booleans(), min_size=len(word)))
        mixed = zip(word, flags, strict=False)
        cases.append("".join(c.upper() if flag else c for c, flag in mixed))

    for password in cases:
        assert ["password_too_common"] == codes(PasswordRules()(password))


@given(st.sampled_from(COMMON), st.integers(8, 64))
def test_minimum_first(word, minimum):
    """
    Under any minimum every word of the list is refused: as too short, or too common.
    """
    short = len(word) < minimum

    violations = PasswordRules(minimum_length=minimum)(word)

    assert ["password_too_short" if short else "password_too_common"] == codes(
        violations
    )


def test_whole():
    """
    A password is compared as a whole: one that only holds a common one is good.
    """
    assert () == PasswordRules()("my password is long")


def test_no_list():
    """
    Without a list a common password is good.
    """
    assert () == PasswordRules(common=False)("password")


def test_own_list():
    """
    A list of the application's own takes the place of ours, in any case and form.
    """
    rules = PasswordRules(common=iter(["Acme Rocket", "Cafe\u0301 Straße"]))

    for password in ("acme rocket", "ACME ROCKET", "café strasse", "CAFÉ STRASSE"):
        assert ["password_too_common"] == codes(rules(password))
    assert () == rules("password")


def test_both_lists():
    """
    Ours can be added to.
    """
    rules = PasswordRules(common=common_passwords() | {"acme rocket"})

    assert ["password_too_common"] == codes(rules("Acme Rocket"))
    assert ["password_too_common"] == codes(rules("password"))


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_file(tmp_path, kind):
    """
    The list may be a file, with one password on each line.
    """
    path = tmp_path / "common.txt"
    path.write_bytes("\ufeffAcme Rocket\r\n\r\ncafé au lait\n".encode())

    rules = PasswordRules(common=kind(path))

    assert ["password_too_common"] == codes(rules("acme rocket"))
    assert ["password_too_common"] == codes(rules("Café au lait"))
    assert () == rules("something else")


def test_lazy():
    """
    Neither the package nor the rules read the list before the first password.
    """
    code = (
        "import sys, migratekit; "
        "assert 'migratekit.password_rules' not in sys.modules; "
        "from migratekit.password_rules import PasswordRules, common_passwords as c; "
        "rules = PasswordRules(); assert 0 == c.cache_info().misses; "
        "rules('password'); assert 1 == c.cache_info().misses"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


# --- The application's own check -------------------------------------------------------


def test_also():
    """
    All violations are told at once, ours first.
    """
    rules = PasswordRules(also=named)

    assert ["password_too_short", CONTEXT.code] == codes(rules("acme"))
    assert [CONTEXT.code] == codes(rules("a long acme passphrase"))
    assert () == rules(GOOD)


@pytest.mark.parametrize(
    "also", [named_async, Named(), lambda password: Later(named(password))]
)
def test_also_awaited(memory, runner, also):
    """
    Behind an async connection it may be awaited.
    """
    policy = MigrationPolicy(password_check=PasswordRules(also=also))
    connection = connect(memory.side, memory.site, runner=runner, policy=policy)

    with memory.refused(PasswordRejectedError) as caught:
        connection.sign_up(ADA, "acme")

    assert ["password_too_short", CONTEXT.code] == codes(caught.value.violations)
    assert connection.sign_up(ADA, GOOD)


def test_also_in_a_sync_connection(memory):
    """
    Behind a sync one it is told when that is built.
    """
    policy = MigrationPolicy(password_check=PasswordRules(also=named_async))

    with pytest.raises(ConfigurationError, match="named_async"):
        memory.connect(policy=policy)


@pytest.mark.parametrize("also", [Named(), lambda password: Later(())])
def test_hidden_in_a_sync_connection(memory, also):
    """
    If that cannot be seen, it is told with the first password, without a warning.
    """
    policy = MigrationPolicy(password_check=PasswordRules(also=also))

    with memory.refused(ContractError) as caught:
        memory.connect(policy=policy).sign_up(ADA, GOOD)

    assert "async" in str(caught.value)


@pytest.mark.parametrize("answer", [None, 5, "weak", [None]])
def test_no_violations(memory, answer):
    """
    One that gives no violations breaks its contract, and nobody gets in by it.
    """
    rules = PasswordRules(also=lambda password: answer)

    with memory.refused(ContractError):
        memory.connect(policy=MigrationPolicy(password_check=rules)).sign_up(ADA, GOOD)


# --- As a value ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("minimum_length", [7, 65, 0, -8, True, None, "8", 8.0]),
        ("common", [None, 5, b"password", [], [b"password"], ["password", None], ""]),
        ("common", ["no such file", object()]),
        ("also", ["x", 5, [named]]),
    ],
)
def test_impossible(name, values):
    """
    An option of another kind or out of its bounds is refused by name.
    """
    for value in values:
        with pytest.raises(ConfigurationError, match=name):
            PasswordRules(**{name: value})


@pytest.mark.parametrize("content", [b"", b"\n\n", b"caf\xe9 au lait\n"])
def test_impossible_file(tmp_path, content):
    """
    So is a file that has no passwords, or is not in UTF-8.
    """
    path = tmp_path / "list.txt"
    path.write_bytes(content)

    with pytest.raises(ConfigurationError, match="common"):
        PasswordRules(common=path)


def test_value():
    """
    Rules are a value, which can be copied, compared and pickled.
    """
    rules = PasswordRules(common=["Acme Rocket"], also=named)

    longer = attrs.evolve(rules, minimum_length=11)

    assert rules == PasswordRules(common=["acme rocket"], also=named)
    assert rules == pickle.loads(pickle.dumps(rules))
    assert ["password_too_common", CONTEXT.code] == codes(longer("acme rocket"))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        rules.minimum_length = 15


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x4FFF), min_size=1))
def test_secrets(password):
    """
    Neither the violations nor the rules show anything of a password.
    """
    rules = PasswordRules(common=[password])

    shown = f"{rules!r} {rules(password)!r}"

    assert set() == set(password) & set(shown)


# --- Where a password is new -----------------------------------------------------------


def sign_up(scene, connection, password):
    return connection.sign_up(ADA, password)


def create_user(scene, connection, password):
    return connection.create_user(ADA, password=password)


def finish_password_change(scene, connection, password):
    token = scene.connection.start_password_change(OLD).token
    return connection.finish_password_change(token, password)


def change_password(scene, connection, password):
    return connection.change_password(OLD, "pw", password)


def set_password(scene, connection, password):
    return connection.set_password(scene.find(OLD).user.id, password)


@pytest.mark.parametrize(
    "act",
    [sign_up, create_user, finish_password_change, change_password, set_password],
    ids=lambda act: act.__name__,
)
def test_new(scene, act):
    """
    Wherever a password is new, the rules are asked, and a refusal changes nothing.
    """
    scene.connection.sign_up(OLD, "pw")
    policy = MigrationPolicy(password_check=PasswordRules())
    connection = scene.connect(policy=policy)

    for password, code in (
        ("short", "password_too_short"),
        ("PassWord1", "password_too_common"),
    ):
        with scene.refused(PasswordRejectedError) as caught:
            act(scene, connection, password)
        assert [code] == codes(caught.value.violations)

    user = act(scene, connection, GOOD)
    assert user == connection.authenticate(user.email, GOOD).user


def test_old(scene):
    """
    Nobody who has moved, or is let in with what they have, is asked for a better one.
    """
    scene.connection.sign_up(OLD, "pw")
    scene.site.add("1", ADA, "pw")
    policy = MigrationPolicy(
        password_check=PasswordRules(), weak_legacy_password="admit"
    )
    connection = scene.connect(policy=policy)

    assert not connection.authenticate(OLD, "pw").migrated
    assert connection.authenticate(ADA, "pw").migrated
    assert not connection.authenticate(ADA, "pw").migrated
