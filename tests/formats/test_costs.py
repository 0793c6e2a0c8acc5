"""
What a hash costs, as far as its text says.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migratekit.formats.costs import cost_of


BCRYPT = "cdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012"


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        (f"$2b$12${BCRYPT}", "cost=12"),
        (f"$2$04${BCRYPT}", "cost=4"),
        (f"$wp$2y$10${BCRYPT}", "cost=10"),
        (f"bcrypt_sha256$$2b$12${BCRYPT}", "cost=12"),
        ("$2b$12$cut", ""),
        ("$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "rounds=2^11"),
        ("$H$9aaaaaSXBjgypwqm.JsMssPLiS8YQ00", "rounds=2^11"),
        ("$S$DNbBTrkalsPChLsqajHUQS18pBBxzSTQW0310SzivTy7HDQ.zgyG", "rounds=2^15"),
        ("U$S$DNbBTrkalsPChLsqajHUQS18pBBxzSTQW0310SzivTy7HDQ.zgyG", "rounds=2^15"),
        ("$5$rounds=535000$salt$digest", "rounds=535000"),
        ("$6$salt$digest", "rounds=5000"),
        ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$ZGlnZXN0", "m=65536,t=3,p=4"),
        ("$argon2i$m=8,t=1,p=1$c2FsdA$ZGlnZXN0", "m=8,t=1,p=1"),
        ("$scrypt$ln=16,r=8,p=1$c2FsdA$ZGlnZXN0", "ln=16,r=8,p=1"),
        ("pbkdf2_sha256$600000$salt$digest", "rounds=600000"),
        ("pbkdf2:sha256:260000$salt$digest", "rounds=260000"),
        ("$pbkdf2-sha512$25000$salt$digest", "rounds=25000"),
        ("$pbkdf2-sha256$i=10000,l=32$salt$digest", "rounds=10000"),
        ("{PBKDF2-SHA256}10000$salt$digest", "rounds=10000"),
        ("sha1$12345$digest", ""),
        ("5f4dcc3b5aa765d61d8327deb882cf99", ""),
        ("", ""),
    ],
)
def test_cost(text, cost):
    """
    It is read where it is known to be one, and nowhere else.
    """
    assert cost == cost_of(text)


@given(st.text() | st.from_regex(r"\$(2b|P|S|5|6|argon2id|scrypt|pbkdf2-sha256)\$.*"))
def test_any_text(text):
    """
    Whatever the text is, what is shown is short and has no letters of a salt.
    """
    cost = cost_of(text)

    assert len(cost) <= 64
    assert "" == cost or "=" in cost
