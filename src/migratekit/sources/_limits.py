"""
What a source may be told about whom to wait for, and how long.
"""

import math
import ssl
from typing import TYPE_CHECKING, Any

from migratekit.errors import ConfigurationError


if TYPE_CHECKING:
    import attrs


def positive(_: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    """
    Refuse what is no number, or none that anything can be bounded by.

    Raises:
        migratekit.errors.ConfigurationError: If *value* is none.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf:  # type: ignore[operator]
        raise ConfigurationError(f"{attribute.alias} must be a number above 0.")


def verifying(context: ssl.SSLContext) -> ssl.SSLContext:
    """
    Return *context* if it verifies the certificates and names of servers.

    It can be changed at any time, so that it is asked again before it is used.

    Raises:
        migratekit.errors.ConfigurationError: If it does not.
    """
    if not isinstance(context, ssl.SSLContext):
        raise ConfigurationError("tls must be an ssl.SSLContext.")
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise ConfigurationError("tls must verify certificates and their host names.")
    return context
