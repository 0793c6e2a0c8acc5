"""
To whom the drivers of SQL databases speak: with TLS that verifies, to nobody else.
"""

import faults
import pytest
import sqlalchemy as sa
from sql_peers import NOWHERE, TLS, own

from migratekit.errors import LegacyUnavailableError


ADA = "ada@example.com"
PASSWORD = "correct horse"


@pytest.fixture(name="authority", scope="module")
def _authority():
    return faults.Authority.make()


@pytest.fixture(name="verify")
def _verify(authority, tmp_path):
    """
    What to say in a URL so that the driver trusts the authority and nobody else.
    """
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.pem())
    return {
        "mysql+pymysql": {"ssl_ca": str(path)},
        "postgresql+psycopg": {"sslmode": "verify-full", "sslrootcert": str(path)},
    }


def asked_of(scheme, context, options):
    """
    Return all that a server hears behind its TLS, from a source that is told *options*.
    """
    with faults.peer(TLS[scheme].play(context)) as server:
        url = sa.make_url(NOWHERE[scheme].format(f"{faults.HOST}:{server.port}"))
        with (
            own(url.update_query_dict(options)) as source,
            pytest.raises(LegacyUnavailableError),
        ):
            source.login(ADA, PASSWORD)
    return b"".join(server.requests)


STRANGERS = {
    "of another authority": lambda _: faults.Authority.make().server(),
    "of another name": lambda authority: authority.server("db.example.com"),
    "expired": lambda authority: authority.expired(),
    "none at all": lambda _: None,
}


@pytest.mark.usefixtures("untidy")
@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("scheme", TLS)
def test_stranger(scheme, stranger, authority, verify):
    """
    A server that cannot prove who it is hears nothing, not even a name.
    """
    context = STRANGERS[stranger](authority)

    assert b"" == asked_of(scheme, context, verify[scheme])


@pytest.mark.usefixtures("untidy")
@pytest.mark.parametrize("scheme", TLS)
def test_acquaintance(scheme, authority, verify):
    """
    The server that has the right certificate is told who asks.
    """
    assert b"reader" in asked_of(scheme, authority.server(), verify[scheme])


@pytest.mark.usefixtures("untidy")
@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        ("mysql+pymysql", {}),
        ("postgresql+psycopg", {}),
        ("postgresql+psycopg", {"sslmode": "require"}),
    ],
)
def test_anybody(scheme, options):
    """
    Without being told whom to trust a driver talks to everybody, as the docs warn.
    """
    stranger = faults.Authority.make().server("db.example.com")

    assert b"reader" in asked_of(scheme, stranger, options)
