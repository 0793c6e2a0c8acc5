"""
The Cognito source with real boto3, against moto's server over HTTP on loopback.
"""

import datetime as dt
from contextlib import contextmanager

import boto3
import cognito_peers as peers
import pytest

from migratekit import Connection
from migratekit.errors import InvalidCredentialsError, LegacyUnavailableError
from migratekit.protocols import CountableSource, WalkableSource
from migratekit.sources.cognito import CognitoSource
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST, VirtualClock
from migratekit.testing.sources import KnownUser, LegacySourceContract


@pytest.fixture(name="pool", scope="module")
def _pool(tmp_path_factory):
    with peers.moto(tmp_path_factory.mktemp("moto")) as url:
        yield Pool(url)


class Pool:
    """
    A user pool of two people and some in every state.
    """

    def __init__(self, url, **options):
        self.url = url
        self.admin = boto3.client(
            "cognito-idp",
            endpoint_url=url,
            region_name=peers.REGION,
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        made = self.admin.create_user_pool(PoolName="shop", **options)
        self.id = made["UserPool"]["Id"]
        client = self.admin.create_user_pool_client(
            UserPoolId=self.id,
            ClientName="migratekit",
            GenerateSecret=True,
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        )["UserPoolClient"]
        self.client, self.secret = client["ClientId"], client["ClientSecret"]
        self.add("ann", "Correct-horse1", name="Ann", email_verified="true")
        self.add("bob", "Battery-staple2")
        self.add("temp", "Temporary-word3", permanent=False)
        self.add("off", "Switched-off4")
        self.admin.admin_disable_user(UserPoolId=self.id, Username="off")

    def add(self, username, password, *, permanent=True, **attributes):
        attributes = {"email": f"{username}@example.com", **attributes}
        self.admin.admin_create_user(
            UserPoolId=self.id,
            Username=username,
            UserAttributes=[
                {"Name": name, "Value": value} for name, value in attributes.items()
            ],
        )
        self.admin.admin_set_user_password(
            UserPoolId=self.id,
            Username=username,
            Password=password,
            Permanent=permanent,
        )

    def source(self, **options):
        return CognitoSource(
            self.id,
            self.client,
            client_secret=self.secret,
            session=peers.session_of(),
            endpoint_url=self.url,
            **options,
        )


class TestUsernames(LegacySourceContract):
    known = (
        KnownUser("ANN", "Correct-horse1"),
        KnownUser("bob", "Battery-staple2"),
    )

    @pytest.fixture(autouse=True)
    def _server(self, pool):
        self.pool = pool
        self.secrets = (pool.secret, "s3cret")

    @contextmanager
    def open_source(self):
        yield self.pool.source()


class TestEmails(TestUsernames):
    known = (
        KnownUser("Ann@Example.com", "Correct-horse1"),
        KnownUser("bob@example.com", "Battery-staple2"),
    )

    @pytest.fixture(autouse=True)
    def _server(self, pool):
        self.secrets = (pool.secret,)
        self.pool = Pool.__new__(Pool)
        self.pool.__dict__.update(pool.__dict__)
        made = pool.admin.create_user_pool(
            PoolName="by e-mail", UsernameAttributes=["email"]
        )
        self.pool.id = made["UserPool"]["Id"]
        client = pool.admin.create_user_pool_client(
            UserPoolId=self.pool.id, ClientName="x"
        )
        self.pool.client = client["UserPoolClient"]["ClientId"]
        self.pool.secret = None
        self.pool.add("ann@example.com", "Correct-horse1", email="ann@example.com")
        self.pool.add("bob@example.com", "Battery-staple2", email="bob@example.com")


def test_user(pool):
    """
    The user is what the pool says, with the sub as the id.
    """
    user = pool.source().login("ann", "Correct-horse1")

    assert 36 == len(user.user_id)
    assert ("ann@example.com", True, "ann") == (
        user.email,
        user.email_verified,
        user.username,
    )
    assert {"name": "Ann"} == user.profile
    assert dt.UTC is user.created_at.tzinfo


def test_temporary_password(pool):
    """
    A temporary password that is right must be changed, and a wrong one is wrong.
    """
    source = pool.source()

    assert source.login("temp", "Temporary-word3").must_change_password
    assert source.get_user("temp").must_change_password
    assert None is source.login("temp", "wrong")


def test_disabled(pool):
    """
    Somebody who is disabled is seen as blocked, and cannot log in.
    """
    source = pool.source()

    assert source.get_user("off").blocked
    assert None is source.login("off", "Switched-off4")


def test_walk(pool):
    """
    All users are listed, page after page, without hashes; nobody can be counted.
    """
    users = list(pool.source().iter_users())

    assert isinstance(pool.source(), WalkableSource)
    assert not isinstance(pool.source(), CountableSource)
    assert {"ann", "bob", "temp", "off"} == {user.username for user in users}
    assert {None} == {user.password for user in users}


def test_many_pages(pool):
    """
    There may be more users than a page has.
    """
    other = Pool(pool.url)
    for number in range(70):
        other.admin.admin_create_user(
            UserPoolId=other.id,
            Username=f"user{number}",
            UserAttributes=[{"Name": "email", "Value": f"{number}@example.com"}],
        )

    assert 74 == len(list(other.source().iter_users()))


@pytest.mark.parametrize("name", ["client", "id"])
def test_wrong_settings(pool, name):
    """
    A client or a pool that is not there is an outage.
    """
    other = Pool.__new__(Pool)
    other.__dict__.update(pool.__dict__, **{name: f"{peers.REGION}_nowhere"})

    with pytest.raises(LegacyUnavailableError, match="ResourceNotFound"):
        other.source().login("ann", "Correct-horse1")


def test_migrates(pool):
    """
    A user moves at their first login.
    """
    source = pool.source()
    connection = Connection(
        MemoryStore(), source, source_name="aws", hasher=CHEAPEST, clock=VirtualClock()
    )

    with pytest.raises(InvalidCredentialsError):
        connection.authenticate("ann", "wrong")
    first = connection.authenticate(
        "ann@example.com".partition("@")[0], "Correct-horse1"
    )

    assert first.migrated
    assert f"aws|{source.get_user('ann').user_id}" == first.user.legacy_id
