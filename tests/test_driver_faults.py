"""
What the failure of a database may tell.
"""

import pytest

from migratekit._faults import fault_of


class OperationalError(Exception):
    """
    Stands for what SQLAlchemy raises around the exception of a driver.
    """

    def __init__(self, orig=None):
        super().__init__("hunter2")
        self.orig = orig


def of_driver(*args, **attributes):
    """
    Return an exception of a driver.
    """
    error = Exception(*args)
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


class OracleError:
    """
    What oracledb has as the argument of its exceptions.
    """

    full_code = "ORA-01017"

    def __str__(self):
        return "ORA-01017: hunter2"


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ("1045", of_driver(1045, "Access denied for hunter2", sqlstate="28000")),
        ("42P01", of_driver("no table hunter2", sqlstate="42P01")),
        ("SQLITE_CANTOPEN", of_driver("hunter2", sqlite_errorname="SQLITE_CANTOPEN")),
        ("ORA-01017", of_driver(OracleError())),
    ],
)
def test_code(told, error):
    """
    The code of the database is told, and nothing else that it says.
    """
    assert f"OperationalError {told}" == fault_of(OperationalError(error))


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("connection refused", 'server at "hunter2" failed: Connection refused\n\t?'),
        ("no such host", "failed to resolve host 'hunter2': [Errno -2] Name"),
        ("no such host", 'could not translate host name "hunter2" to address'),
        (
            "password authentication failed",
            'FATAL:  password authentication failed for user "hunter2"',
        ),
        ("no such role", 'FATAL:  role "hunter2" does not exist'),
        ("no such database", 'FATAL:  database "hunter2" does not exist'),
        ("no pg_hba.conf entry", 'FATAL:  no pg_hba.conf entry for host "hunter2"'),
        ("no connection in time", "connection timeout expired"),
    ],
)
def test_words(told, text):
    """
    Where there is no code, our own words for the text of a libpq are told.
    """
    error = OperationalError(of_driver(text, sqlstate=None))

    assert f"OperationalError, {told}" == fault_of(error)


@pytest.mark.parametrize(
    "error",
    [
        OperationalError(),
        OperationalError("Connection refused"),
        OperationalError(of_driver()),
        OperationalError(of_driver("hunter2", sqlstate="hunter2")),
        OperationalError(of_driver("hunter2", sqlite_errorname="hunter2")),
        OperationalError(of_driver(20_261_128_031_025)),
        OperationalError(of_driver(-1)),
        OperationalError(of_driver(True)),
    ],
)
def test_nothing_more(error):
    """
    Whatever is no code of a database is not told.
    """
    assert "OperationalError" == fault_of(error)


def test_other():
    """
    Of an exception that is not SQLAlchemy's, the type is told.
    """
    assert "ValueError" == fault_of(ValueError(1045, "hunter2"))
