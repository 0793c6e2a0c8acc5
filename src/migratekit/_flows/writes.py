"""
Writes whose outcome is read back when nobody knows it.
"""

from migratekit._flows.context import Context
from migratekit._steps import BindSource, CreateUser, DeleteUser, GetUser, ReplaceUser
from migratekit.errors import StoreUnavailableError
from migratekit.models import NewUser, Record


async def create(ctx: Context, new: NewUser) -> Record:
    """
    Create a user, and find out whether it worked if the store broke off.
    """
    if new.user.legacy_id is not None:
        await BindSource(ctx.source_name)
    try:
        return await CreateUser(new)
    except StoreUnavailableError:
        stored = await GetUser(new.user.id)
        if stored is None:
            raise
        return stored


async def replace(old: Record, new: Record) -> Record:
    """
    Replace a record, and find out whether it worked if the store broke off.
    """
    try:
        return await ReplaceUser(old, new)
    except StoreUnavailableError:
        stored = await GetUser(old.user.id)
        if stored is None or stored.user != new.user:
            raise
        if stored.version == old.version or stored.password_hash != new.password_hash:
            raise
        return stored


async def delete(record: Record) -> None:
    """
    Delete a user, and find out whether it worked if the store broke off.
    """
    try:
        await DeleteUser(record)
    except StoreUnavailableError:
        if await GetUser(record.user.id) is not None:
            raise
