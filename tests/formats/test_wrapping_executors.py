"""
Wrapping is work for other processes, and other machines.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from migratekit.formats import resolve
from migratekit.formats.hasher import LegacyHasher
from migratekit.models import StoredHash
from migratekit.passwords import Argon2Hasher


CHEAP = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)
PASSWORDS = {
    "5f4dcc3b5aa765d61d8327deb882cf99": "password",
    "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0": "test12345",
    "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0": None,
}
METHODS = [
    method
    for method in ("spawn", "forkserver")
    if method in multiprocessing.get_all_start_methods()
]


def wrap(executor):
    """
    Have *executor* wrap hashes of several formats, and verify what it returns.
    """
    hasher = LegacyHasher(CHEAP, resolve(["raw_md5", "phpass", "ldap_digest"]))
    futures = {
        text: executor.submit(hasher.wrapping(StoredHash(text))) for text in PASSWORDS
    }

    for text, future in futures.items():
        wrapped = future.result(timeout=60)
        assert text not in wrapped
        assert (PASSWORDS[text] == "test12345") is hasher.verify("test12345", wrapped)
        assert (PASSWORDS[text] == "password") is hasher.verify("password", wrapped)


@pytest.mark.parametrize("method", METHODS)
def test_processes(method):
    """
    Other processes of this machine do it, though they share nothing with this one.
    """
    context = multiprocessing.get_context(method)

    with ProcessPoolExecutor(2, mp_context=context) as executor:
        wrap(executor)


def test_dask():
    """
    The workers of a cluster do it.
    """
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        wrap(client.get_executor())
