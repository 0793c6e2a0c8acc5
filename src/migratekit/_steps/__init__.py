"""
The questions a flow may ask: each names one call of one port, and performs it.
"""

from migratekit._steps.passwords import (
    CheckPassword,
    EnterQueue,
    Examine,
    HashPassword,
    LeaveQueue,
    NeedsRehash,
    NeedsUpgrade,
    VerifyPassword,
)
from migratekit._steps.source import (
    AskLogin,
    AskUser,
    CountSource,
    IsCutOver,
    TakeNews,
)
from migratekit._steps.step import (
    Failed,
    Ports,
    Step,
)
from migratekit._steps.store import (
    BindSource,
    CanCreateMany,
    CheckRetired,
    CountUsers,
    Created,
    CreateMany,
    CreateUser,
    DeleteUser,
    FindUser,
    GetUser,
    ListUsers,
    Readmit,
    ReplaceUser,
)
from migratekit._steps.throttle import (
    ReleaseAttempt,
    ReserveAttempt,
    ResetAttempts,
)
from migratekit._steps.world import (
    AskRule,
    MakeId,
    ReadClock,
    ReadDate,
    Tell,
    WaitUntil,
)


__all__ = [
    "AskLogin",
    "AskRule",
    "AskUser",
    "BindSource",
    "CanCreateMany",
    "CheckPassword",
    "CheckRetired",
    "CountSource",
    "CountUsers",
    "CreateMany",
    "CreateUser",
    "Created",
    "DeleteUser",
    "EnterQueue",
    "Examine",
    "Failed",
    "FindUser",
    "GetUser",
    "HashPassword",
    "IsCutOver",
    "LeaveQueue",
    "ListUsers",
    "MakeId",
    "NeedsRehash",
    "NeedsUpgrade",
    "Ports",
    "ReadClock",
    "ReadDate",
    "Readmit",
    "ReleaseAttempt",
    "ReplaceUser",
    "ReserveAttempt",
    "ResetAttempts",
    "Step",
    "TakeNews",
    "Tell",
    "VerifyPassword",
    "WaitUntil",
]
