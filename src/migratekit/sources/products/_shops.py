"""
Shops: Magento 1 and 2.
"""

from typing import Final

from migratekit.sources._database import Where
from migratekit.sources.products._product import (
    MYSQL,
    Product,
    Spec,
    number,
    prefixed,
    text,
    unless,
)
from migratekit.sources.sql import WalkableSQLSource


# Attributes of a customer are rows of their own; each has a number of its own.
_ATTRIBUTE: Final = (
    "(SELECT v.value FROM {{customer_entity_varchar}} v"
    " JOIN {{eav_attribute}} a ON a.attribute_id = v.attribute_id"
    " JOIN {{eav_entity_type}} t ON t.entity_type_id = a.entity_type_id"
    " WHERE v.entity_id = u.entity_id AND t.entity_type_code = 'customer'"
    " AND a.attribute_code = '{code}')"
)


def magento1(
    url_or_engine: Where,
    *,
    prefix: str = "",
    website_id: int | None = None,
    format: Spec = "magento1",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the customers of a Magento 1 or OpenMage.

    Customers who are not active, or have not confirmed their account yet, are blocked.
    Source: ``Mage/Customer/sql``, ``Mage_Customer_Model_Customer::authenticate()``.

    Args:
        url_or_engine: Where the database is: MySQL or MariaDB, or a copy in SQLite.
        prefix: ``table_prefix`` of ``local.xml``.
        website_id:
            Only the customers of this website.  Needed where accounts are not shared
            between websites, because an e-mail may be there once for each.

        format: What the hashes are, if extensions make others.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    attribute = {
        code: _ATTRIBUTE.format(code=code)
        for code in ("password_hash", "confirmation", "firstname", "lastname")
    }
    waiting = f"COALESCE({attribute['confirmation']}, '') = ''"
    product = Product(
        name="Magento 1",
        backends=MYSQL,
        tables="{customer_entity} u",
        where=_of_website(website_id),
        user_id="u.entity_id",
        email="u.email",
        username=None,
        columns={
            "password_hash": attribute["password_hash"],
            "blocked": unless(f"u.is_active = 1 AND {waiting}"),
            "given_name": text(attribute["firstname"]),
            "family_name": text(attribute["lastname"]),
            "created_at": "u.created_at",
        },
        folds=True,
    )
    names = prefixed(
        prefix,
        "customer_entity",
        "customer_entity_varchar",
        "eav_attribute",
        "eav_entity_type",
    )
    return product.source(url_or_engine, names, format)


def magento2(
    url_or_engine: Where,
    *,
    prefix: str = "",
    website_id: int | None = None,
    format: Spec = "magento2",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the customers of a Magento 2, Adobe Commerce or Mage-OS.

    Customers who are not active, are locked after wrong passwords, or have not
    confirmed their account yet, are blocked.  Source:
    ``app/code/Magento/Customer/etc/db_schema.xml``, ``AccountManagement.php``.

    Args:
        url_or_engine: Where the database is: MySQL or MariaDB, or a copy in SQLite.
        prefix: ``table_prefix`` of ``env.php``.
        website_id:
            Only the customers of this website.  Needed where accounts are not shared
            between websites, because an e-mail may be there once for each.

        format: What the hashes are, if extensions make others.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    product = Product(
        name="Magento 2",
        backends=MYSQL,
        tables="{customer_entity} u",
        where=_of_website(website_id),
        user_id="u.entity_id",
        email="u.email",
        username=None,
        columns={
            "password_hash": "u.password_hash",
            "blocked": unless(
                "u.is_active = 1 AND COALESCE(u.confirmation, '') = ''"
                " AND (u.lock_expires IS NULL OR u.lock_expires <= {instant})"
            ),
            "given_name": text("u.firstname"),
            "family_name": text("u.lastname"),
            "created_at": "u.created_at",
        },
        folds=True,
    )
    return product.source(url_or_engine, prefixed(prefix, "customer_entity"), format)


def _of_website(website_id: int | None) -> str:
    return "1 = 1" if website_id is None else f"u.website_id = {number(website_id)}"
