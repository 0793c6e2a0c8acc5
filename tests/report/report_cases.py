"""
Migrations to look at: usual ones, those at either end, and hostile ones.
"""

import math

from overviews import CURRENT, overview


EVIL = "<script>alert(1)</script>\"'&"
# Turns the reading direction, clears a terminal, cannot be encoded.
ODD = "\u202eevil\u202c\x1b[2J\ud800\n"


def usual():
    """
    Most users have moved; 3,000 of them in an import.
    """
    by_day = {back: 40 + 7 * back for back in range(60)} | {20: 3000}
    moved = sum(by_day.values())
    formats = {
        CURRENT: moved - 2800,
        "argon2id(raw_sha1)": 1700,
        "raw_sha1": 1000,
        "none": 100,
    }
    return overview(
        by_day,
        known=moved + 7655,
        by_format=formats,
        tallies=recorded(30),
        login=moved - 3500,
        **{"import": 3000},
        sign_up=800,
    )


def recorded(days, *more):
    found = []
    for back in range(days):
        number = 900 + 31 * (back % 7)
        found += [
            (back, "login.succeeded", number),
            (back, "login.moved", number // 6),
            (back, "login.refused.wrong_password", number // 12),
            (back, "login.refused.unknown_or_wrong", number // 9),
            (back, "source.calls", number // 3),
            (back, "source.failures", 1),
            (back, "source.milliseconds", number * 30),
            (back, "source.within.100", number // 3 - 1),
            (back, "source.within.more", 1),
        ]
    return [*found, *more]


def nobody():
    """
    Nobody has moved, and nothing was recorded.
    """
    return overview({}, known=20_000, by_format={})


def first():
    """
    Somebody has moved a minute ago.
    """
    return overview({0: 1}, known=20_000, tallies=[(0, "login.succeeded", 1)])


def done():
    """
    Everybody has moved.
    """
    return overview(
        dict.fromkeys(range(200), 5), known=1000, tallies=[(20, "source.calls", 1)]
    )


def years():
    """
    It goes on for three years, and was recorded for one.
    """
    by_day = {
        back: int(3000 * math.exp((back - 1095) / 500) * (0.4 if back % 7 < 2 else 1))
        for back in range(1, 1096)
    }
    return overview(by_day, known=1_900_000, tallies=recorded(365), days=365)


def rehearsed():
    """
    Nobody has moved, and many could.
    """
    return overview(
        {},
        known=500,
        by_format={},
        tallies=[
            (0, "rehearsal.would_move", 70),
            (1, "rehearsal.invalid", 4),
            (1, "rehearsal.invalid.username_is_email", 4),
        ],
    )


def after():
    """
    It is cut over, and fewer and fewer come who have not moved.
    """
    asked = [
        (back, "after_cut_over.asked", back + 1, *(f"u{n}" for n in range(back + 1)))
        for back in range(15)
    ]
    return overview(
        dict.fromkeys(range(20, 90), 9),
        cut_over=True,
        by_format={CURRENT: 620, "raw_md5": 10},
        tallies=[*asked, (0, "login.refused.cut_over", 1)],
    )


def quiet():
    """
    It is cut over, and nobody comes who has not moved.
    """
    return overview(
        {30: 9}, cut_over=True, known=9, tallies=[(3, "login.succeeded", 1)]
    )


def hostile():
    """
    All names that can be chosen by others are hostile.
    """
    return overview(
        dict.fromkeys(range(40), 3),
        known=999,
        by_format={CURRENT: 60, EVIL: 30, ODD: 20, "W" * 500: 10},
        tallies=recorded(
            30,
            (0, f"login.refused.{EVIL}", 5),
            (0, f"login.refused.{'m' * 48}", 5),
            (0, f"rehearsal.{EVIL}", 5),
            (0, f"rehearsal.invalid.{EVIL}", 5),
        ),
    )


CASES = {
    made.__name__: made
    for made in (
        usual,
        nobody,
        first,
        done,
        years,
        rehearsed,
        after,
        quiet,
        hostile,
    )
}
