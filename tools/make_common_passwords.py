"""
Makes ``src/migratekit/common-passwords.txt.gz`` from the lists of two distributions.

    python -m pip download --no-deps --no-binary zxcvbn Django==5.2.19 zxcvbn==4.5.0
    python tools/make_common_passwords.py *.whl *.tar.gz

docs/decisions/0012-common-passwords.md says why these.  What they allow stands in
``src/migratekit/common-passwords.license.txt``.
"""

import ast
import gzip
import hashlib
import sys
import tarfile
import zipfile
from itertools import chain, zip_longest
from pathlib import Path


SUMS = {
    "django": "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00",
    "zxcvbn": "70392c0fff39459d7f55d0211151401e79e76fcc6e2c22b61add62900359c7c1",
}
LIST = Path(__file__).parent.parent / "src/migratekit/common-passwords.txt.gz"
# What a policy may demand at least: see migratekit.password_rules.
MINIMUMS = range(8, 65)
MOST = 10_000  # for each minimum


def from_django(path: Path) -> list[str]:
    """
    Return the passwords of Django's `CommonPasswordValidator`, most common first.
    """
    with zipfile.ZipFile(path) as wheel:
        packed = wheel.read("django/contrib/auth/common-passwords.txt.gz")
    return gzip.decompress(packed).decode().split("\n")


def from_zxcvbn(path: Path) -> list[str]:
    """
    Return the passwords of zxcvbn, most common first.
    """
    with tarfile.open(path) as sdist:
        member = sdist.extractfile("zxcvbn-4.5.0/zxcvbn/frequency_lists.py")
        assert member is not None
        tree = ast.parse(member.read())
    table = next(node for node in ast.walk(tree) if isinstance(node, ast.Dict))
    for key, value in zip(table.keys, table.values, strict=True):
        if key is not None and ast.literal_eval(key) == "passwords":
            # It is one text that the module splits.
            texts = (node for node in ast.walk(value) if isinstance(node, ast.Constant))
            return max((str(text.value) for text in texts), key=len).split(",")
    raise LookupError("passwords")


def chosen(*rankings: list[str]) -> set[str]:
    """
    Return, for every minimum, the most common passwords that are so long.

    What is beyond ASCII in these lists is text that was decoded wrongly.
    """
    in_turn = chain.from_iterable(zip_longest(*rankings, fillvalue=""))
    merged = [
        word
        for word in dict.fromkeys(map(str.lower, in_turn))
        if word.isascii() and word.isprintable()
    ]
    return {
        word
        for minimum in MINIMUMS
        for word in [word for word in merged if len(word) >= minimum][:MOST]
    }


def main(paths: list[Path]) -> None:
    """
    Write the list.
    """
    found = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in paths}
    words = chosen(
        from_django(found[SUMS["django"]]), from_zxcvbn(found[SUMS["zxcvbn"]])
    )
    text = "\n".join(sorted(words))
    LIST.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(words)} passwords, {LIST.stat().st_size} bytes")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
