"""
Sketches of how many there were.
"""

import base64
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migratekit.sketch import Sketch


# Of ann@example.com and b\N{LATIN SMALL LETTER O WITH ACUTE}b.
KNOWN = "hll12:eNrt0DEBAAAIA6Bp/9BG0NMDIpAAcNIK+KoUAACrAS3QAAQ="
people = st.sets(st.text(max_size=5), max_size=30)


def sketch_of(names):
    sketch = Sketch()
    for name in names:
        sketch.add(name)
    return sketch


def merged(*sketches):
    result = Sketch()
    for sketch in sketches:
        result.merge(sketch)
    return result


@settings(max_examples=25)
@given(people, people, people)
def test_merge(first, second, third):
    """
    In whatever order and how often sketches are merged: they are that of all people.
    """
    a, b, c = map(sketch_of, (first, second, third))
    expected = sketch_of(first | second | third)

    assert expected == merged(a, b, c) == merged(c, merged(b, a), a)
    assert merged(a, b) == merged(b, a)
    assert merged(merged(a, b), c) == merged(a, merged(b, c))
    assert a == merged(a, a) == merged(a, Sketch())


def test_merge_leaves_the_other():
    """
    A sketch that is merged into another one stays as it was, and apart.
    """
    ann, both = sketch_of(["ann"]), sketch_of(["bob"])

    both.merge(ann)
    both.add("cid")

    assert sketch_of(["ann"]) == ann
    assert sketch_of(["ann", "bob", "cid"]) == both


@given(people)
def test_text(names):
    """
    What was written is read, and goes on from there.
    """
    sketch = sketch_of(names)

    text = sketch.to_text()

    assert text.isascii()
    read = Sketch.from_text(text)
    assert sketch == read
    read.add("somebody else")
    assert sketch_of({*names, "somebody else"}) == read


def test_few():
    """
    A dozen are counted exactly, and so is nobody.
    """
    sketch = Sketch()
    for number in range(13):
        assert number == sketch.estimate()
        assert f"<Sketch of about {number}>" == repr(sketch)
        for _ in range(2):
            sketch.add(f"{number}@example.com")


@pytest.mark.parametrize("number", [100, 1000, 5000, 10_000, 20_000, 100_000])
def test_many(number):
    """
    The estimate is within 5 %, also where one way of counting gives way to another.
    """
    sketch = sketch_of(f"{each}@example.com" for each in range(number))

    assert 0.95 * number < sketch.estimate() < 1.05 * number


def test_length():
    """
    The text is short for few people, and never long.
    """
    crowd = random.Random(1)

    assert len(sketch_of(["ann@example.com"]).to_text()) < 60
    assert len(sketch_of(f"{each}" for each in range(12)).to_text()) < 120
    assert len(sketch_of(f"{each}" for each in range(30_000)).to_text()) < 3000
    noise = bytes(crowd.choices(range(54), k=4096))
    assert len(_text(noise)) < 8192


def test_same_everywhere():
    """
    Other processes and later versions note the same people in the same registers.
    """
    assert sketch_of(["ann@example.com", "b\N{LATIN SMALL LETTER O WITH ACUTE}b"]) == (
        Sketch.from_text(KNOWN)
    )


def test_any_text():
    """
    Whatever a text has in it, it can be noted.
    """
    texts = ["", "\0", "\udc80", "\udc81", "x" * 10_000, "\N{PILE OF POO}"]

    assert len(texts) == sketch_of(texts).estimate()


def test_other_things():
    """
    A sketch equals no other thing, and has no hash, for it changes.
    """
    assert Sketch() != "sketch"
    with pytest.raises(TypeError):
        hash(Sketch())


def _text(registers):
    return "hll12:" + base64.b64encode(zlib.compress(registers)).decode()


def _packed(data):
    return "hll12:" + base64.b64encode(data).decode()


GOOD = Sketch().to_text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hll12:",
        "ann@example.com",
        GOOD.removeprefix("hll12:"),
        GOOD.replace("hll12", "hll14"),
        f"{GOOD} ",
        GOOD[:-1],
        GOOD[:-4],
        f"hll12:\N{PILE OF POO}{GOOD}",
        "hll12:\udc80",
        _packed(b"no zlib"),
        _packed(zlib.compress(bytes(4096))[:-1]),
        _packed(zlib.compress(bytes(4096)) + b"x"),
        _text(b""),
        _text(bytes(4095)),
        _text(bytes(4097)),
        _text(bytes(4095) + b"\x36"),
        _text(bytes(4_000_000)),
        GOOD + "A" * 10_000,
    ],
)
def test_no_sketch(text):
    """
    What is no sketch is refused, and nothing shows what it was.
    """
    with pytest.raises(ValueError, match=r"^This is no sketch\.$") as caught:
        Sketch.from_text(text)

    assert None is caught.value.__context__


@given(st.text() | st.binary().map(_packed) | st.binary().map(_text))
def test_hostile(text):
    """
    Whatever is read is a sketch, or a `ValueError`.
    """
    try:
        sketch = Sketch.from_text(text)
    except ValueError:
        return
    sketch.estimate()


@given(st.lists(st.integers(0, 53), min_size=1))
def test_odd_registers(ranks):
    """
    Registers that no people would leave have an estimate, too.
    """
    registers = bytes(ranks * 4096)[:4096]

    sketch = Sketch.from_text(_text(registers))

    assert sketch.estimate() >= (max(registers) > 0)
