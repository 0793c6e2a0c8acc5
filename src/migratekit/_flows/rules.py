"""
The application's own rules on who is let in.
"""

from migratekit._flows.context import Context, tell
from migratekit._flows.refusals import Refusal
from migratekit._steps import AskRule
from migratekit.errors import AccessDeniedError, MigrateKitError
from migratekit.events import RuleFailed
from migratekit.models import Authenticated


async def denied(ctx: Context, login: Authenticated) -> Refusal | None:
    """
    Return the first rule's denial of *login*, or None if all let it pass.

    A rule that fails denies.
    """
    for rule in ctx.rules:
        try:
            reason = await AskRule(rule, login)
        except AccessDeniedError as error:
            reason = error.reason
        except MigrateKitError as error:
            await tell(ctx, RuleFailed(detail=str(error)))
            reason = "rule_failed"
        if reason is not None:
            return Refusal(AccessDeniedError(reason))
    return None
