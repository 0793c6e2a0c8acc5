"""
Inputs made of valid ones, by a seeded generator: a little of them is changed, or a lot.
"""

import json


# What has broken parsers, elsewhere and here.
NASTY = (
    *("", " ", "\0", "\t", "\r\n", "\x1b[2J", "\x7f", "\u0085", "\u2028", "\ufeff"),
    *("\ud800", "\udfff", "\U0010ffff", "\u0378", "\ue000", "\U0001f600", "\u200d"),
    *("\u0301", "\u0301" * 40, "\u0345", "\u1100\u1161\u11a8", "\u212a", "\u0130"),
    *("\u0131", "\ufb01", "\uff20", "\u1e9e", "\u03c2", "\u202e", "\u0660", "\u00b2"),
    *("@", "@@", ".", "..", "xn--", "xn--a", "[", "]", "{", "}", '"', "'", "\\", "/"),
    *(",", ";", ":", "=", "$", "%", "%00", "+", "-", "*", "(", ")", "|", "&", "<"),
    *("0", "-1", "1e999", "9" * 20, "9" * 500, "0x10", "NaN", "Infinity", "-0", "1_0"),
    *("null", "true", "None", '{"a":1,"a":2}', "[" * 50, '{"a":' * 50, "a" * 64),
    *("{identifier}", "{0}", "%s", "A" * 320, "9999-12-31T23:59:59", "0000-00-00"),
)
NASTY_OCTETS = (
    *(it.encode(errors="surrogatepass") for it in NASTY),
    *(b"\xff", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xfe\xff", b"\x80" * 9, b"\x30\x84"),
)
LONG = 6000
NUMBERS = (0, 1, -1, 2, 8, 2**31, 2**63, 2**64, 10**30, -(10**12), 253402300800)


def character(chance):
    """
    Return any code point, mostly one that is on a keyboard.
    """
    if chance.random() < 0.7:
        return chr(chance.randrange(32, 127))
    return chr(chance.randrange(0x3000 if chance.random() < 0.7 else 0x110000))


def text(chance, examples):
    """
    Return text that is nearly one of *examples*, or nothing like it.
    """
    if chance.random() < 0.05:
        return "".join(character(chance) for _ in range(chance.randrange(40)))
    return _changed(chance, examples, NASTY, character)


def octets(chance, examples):
    """
    Return bytes that are nearly one of *examples*, or nothing like it.
    """
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(80))
    return _changed(chance, examples, NASTY_OCTETS, lambda c: c.randbytes(1))


def _changed(chance, examples, nasty, one):
    value = chance.choice(examples)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 5))):
        start = chance.randrange(len(value) + 1)
        end = min(len(value), start + chance.choice((0, 1, 1, 2, 4, 16)))
        kind = chance.random()
        if kind < 0.2:
            middle = value[:0]
        elif kind < 0.45:
            middle = one(chance)
        elif kind < 0.75:
            middle = chance.choice(nasty)
        elif kind < 0.87:
            other = chance.choice(examples)
            first = chance.randrange(len(other) + 1)
            middle = other[first : first + chance.choice((1, 4, 16, 64))]
        elif kind < 0.98:
            middle = value[start:end] * 2
        else:
            piece = chance.choice((value[start:end], chance.choice(nasty))) or value
            most = chance.choice((64, 320, 4096, LONG))
            middle = piece * (most // max(1, len(piece)))
        value = value[:start] + middle + value[end:]
    return value


def anything(chance, words, *, depth=3):
    """
    Return a value of any type that JSON has, and a few that it has not.
    """
    kind = chance.random()
    if depth and kind < 0.12:
        return [
            anything(chance, words, depth=depth - 1) for _ in range(chance.randrange(3))
        ]
    if depth and kind < 0.25:
        return {
            chance.choice(words): anything(chance, words, depth=depth - 1)
            for _ in range(chance.randrange(3))
        }
    if kind < 0.45:
        return chance.choice((None, True, False, 0.5, float("inf"), float("nan")))
    if kind < 0.6:
        return chance.choice(NUMBERS)
    return text(chance, words)


def bent(chance, data, words):
    """
    Return *data* with a value in it, somewhere, that is another one or gone.
    """
    if isinstance(data, dict) and data and chance.random() < 0.8:
        key = chance.choice(sorted(data))
        changed = dict(data)
        if chance.random() < 0.6:
            changed[key] = bent(chance, data[key], words)
        elif chance.random() < 0.5:
            changed[chance.choice(words)] = anything(chance, words)
        else:
            del changed[key]
        return changed
    if isinstance(data, list) and data and chance.random() < 0.7:
        return [bent(chance, data[0], words), *data[chance.randrange(2) :]]
    return anything(chance, words)


def as_json(data):
    """
    Return *data* as JSON, with whatever is none spelt as Python does.
    """
    return json.dumps(data).encode()
