"""
What is mutated, and which tests have to notice.
"""

import attrs


# The doors and the stores have tests of their own; one of each is enough for a flow.
ONE_DOOR = "not async-memory and not sync-sql and not async-sql"


# The documentation is not where the mutants are.
NO_DOCS = "not documented"
OF_LOGINS = (
    "logins/test_exact.py",
    "logins/test_first_logins.py",
    "logins/test_import_mode_off.py",
    "logins/test_login_races.py",
    "logins/test_own_checks.py",
    "logins/test_preloaded.py",
    "logins/test_rehash.py",
    "logins/test_retired.py",
    "logins/test_source_answers.py",
    "logins/test_store_answers.py",
    "logins/test_stored.py",
    "logins/test_told.py",
)
# What holds for whatever a connection is asked.
OF_EVERY_DOOR = (
    "test_missed.py",
    "test_throttle.py",
    "test_hashing.py",
    "test_audit.py",
)


# What real systems stored last: it takes longest.
OF_FORMATS = (
    "formats/test_format.py",
    "formats/test_schemes.py",
    "formats/test_presets.py",
    "formats/test_hostile.py",
    "formats/test_lengths.py",
    "formats/test_wrapping.py",
    "formats/test_vectors.py",
)

# What every format has from the same few classes needs no stored hashes of its own.
OF_ANY_FORMAT = (
    "formats/test_format.py",
    "formats/test_holds_gil.py",
    "formats/test_guessing.py",
    "formats/test_schemes.py",
    "formats/test_hostile.py",
    "formats/test_wrapping.py",
    "formats/test_admit.py",
)


@attrs.frozen
class Subject:
    """
    Files that are mutated together, and the few tests that say what they do.

    Args:
        name: What the session knows it by.
        files: Below ``src/migratekit``.
        tests: Below ``tests``.  Of these, a mutant sees those that call its function.
        only: The expression of pytest's ``-k``.
    """

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    only: str = ONE_DOOR


SUBJECTS = (
    Subject(
        "validation",
        ("validation.py",),
        ("test_validation.py", "test_policy.py"),
        # It takes as long as all the others.
        only=f"{ONE_DOOR} and not test_all_code_points",
    ),
    Subject(
        "proof",
        ("_flows/proof.py",),
        (
            *OF_LOGINS,
            "test_throttle.py",
            "test_equal_work.py",
            "test_leftovers.py",
        ),
    ),
    Subject(
        "login",
        ("_flows/login.py", "_flows/attempts.py"),
        (
            *OF_LOGINS,
            "test_throttle.py",
            "test_drift.py",
            "test_rules.py",
            "test_rehearse.py",
            "test_equal_work.py",
            "test_hashing.py",
        ),
    ),
    Subject(
        "reset",
        ("_flows/reset.py", "_flows/change_tokens.py"),
        (
            "test_reset.py",
            "test_tokens.py",
            "test_change_password.py",
            "test_accounts.py",
            *OF_LOGINS,
            "test_rehearse.py",
            *OF_EVERY_DOOR,
        ),
    ),
    Subject(
        "sign_up",
        ("_flows/sign_up.py",),
        ("test_sign_up.py", "test_accounts.py", *OF_EVERY_DOOR),
    ),
    Subject(
        "accounts",
        ("_flows/accounts.py", "_flows/passwords.py"),
        (
            "test_accounts.py",
            "test_change_password.py",
            "test_reset.py",
            "test_equal_work.py",
            *OF_EVERY_DOOR,
        ),
    ),
    Subject(
        "envelope",
        ("formats/envelope.py",),
        ("formats/test_envelope.py",),
    ),
    Subject("recipe", ("formats/recipe.py",), ("formats/test_recipe.py",)),
    Subject("rows", ("formats/rows.py",), OF_FORMATS, only=NO_DOCS),
    Subject(
        "texts",
        ("formats/phc.py", "formats/armor.py", "formats/crypt.py"),
        ("formats/test_layout.py", "formats/test_holds_gil.py", *OF_FORMATS),
        only=NO_DOCS,
    ),
    Subject(
        "format",
        ("formats/format.py", "formats/format_list.py", "formats/scheme.py"),
        OF_ANY_FORMAT,
        # A mutant has a frame of its own, in which all arguments stay.
        only=f"{NO_DOCS} and not test_vector and not test_digest_as_password"
        " and not test_no_secret_in_the_frame",
    ),
    Subject(
        "layout",
        ("formats/layout.py",),
        ("formats/test_layout.py", "formats/test_wrapping.py"),
        only="test_layout or test_blank",
    ),
)
