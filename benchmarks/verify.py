"""
What a verify of each engine costs above its bare primitive.

The primitive is the call of bcrypt, argon2-cffi, hashlib or passlib that does the work,
on values that were decoded before.  Both sides are measured in turn in one run, so that
a drift of the machine's speed hits both; the figures are minima, as noise only adds.
Costs are the least there are, so that what we add is not lost in what they vary by.
Prints a table and writes verify.json beside this file; ends with 1 if an engine costs
more than it may.

    python benchmarks/verify.py [--rounds N] [--ceiling µs] [--json FILE]
"""

import argparse
import base64
import hashlib
import hmac
import json
import platform
import time
from pathlib import Path

import bcrypt
from argon2.low_level import Type, hash_secret, hash_secret_raw
from passlib.hash import des_crypt

from migratekit.formats import FormatList, presets
from migratekit.formats.sha_crypt import sha_crypt
from migratekit.models import StoredHash


PASSWORD = "correct horse battery staple"
RAW = PASSWORD.encode()
SALT = b"saltsaltsaltsalt"
CEILING_US = 50


def digest():
    text = hashlib.md5(hashlib.md5(RAW).hexdigest().encode() + b"salt").hexdigest()

    def bare():
        inner = hashlib.md5(RAW).hexdigest().encode()
        return hashlib.md5(inner + b"salt").hexdigest() == text

    return bare, presets.vbulletin(), StoredHash(text, salt="salt")


def iterated():
    def bare():
        result = hashlib.sha512(RAW + b"{salt}").digest()
        for _ in range(99):
            result = hashlib.sha512(result + RAW + b"{salt}").digest()
        return result

    text = base64.b64encode(bare()).decode()
    return bare, presets.symfony_digest(iterations=100), StoredHash(text, salt="salt")


def phpass():
    def bare():
        result = hashlib.md5(b"saltsalt" + RAW).digest()
        for _ in range(128):
            result = hashlib.md5(result + RAW).digest()
        return result

    stored = StoredHash("$P$5saltsalt" + "." * 22)
    return bare, presets.phpass(), stored


def pbkdf2():
    def bare():
        return hashlib.pbkdf2_hmac("sha256", RAW, SALT, 1000)

    key = base64.b64encode(bare()).decode()
    text = f"pbkdf2_sha256$1000${SALT.decode()}${key}"
    return bare, presets.django(), StoredHash(text)


def scrypt():
    def bare():
        return hashlib.scrypt(RAW, salt=SALT, n=256, r=8, p=1, maxmem=2**26, dklen=64)

    text = f"scrypt:256:8:1${SALT.decode()}${bare().hex()}"
    return bare, presets.werkzeug(), StoredHash(text)


def argon2():
    def bare():
        return hash_secret_raw(RAW, SALT, 1, 64, 1, 32, Type.ID)

    text = hash_secret(RAW, SALT, 1, 64, 1, 32, Type.ID).decode()
    return bare, presets.argon2(), StoredHash(text)


def bcrypt_():
    text = bcrypt.hashpw(RAW, bcrypt.gensalt(4))
    return lambda: bcrypt.hashpw(RAW, text), presets.bcrypt(), StoredHash(text.decode())


def bcrypt_wordpress():
    mac = base64.b64encode(hmac.digest(b"wp-sha384", RAW, "sha384"))
    text = bcrypt.hashpw(mac, bcrypt.gensalt(4))

    def bare():
        return bcrypt.hashpw(
            base64.b64encode(hmac.digest(b"wp-sha384", RAW, "sha384")), text
        )

    return bare, presets.wordpress(), StoredHash("$wp" + text.decode())


def sha512_crypt():
    def bare():
        return sha_crypt("sha512", RAW, b"saltsalt", 1000)

    text = f"$6$rounds=1000$saltsalt${bare()}"
    return bare, presets.sha512_crypt(), StoredHash(text)


def passlib():
    text = des_crypt.hash(PASSWORD)
    return lambda: des_crypt.verify(RAW, text), presets.des_crypt(), StoredHash(text)


def last_of_a_list():
    bare, format_, stored = bcrypt_()
    formats = ["wordpress_bcrypt", "drupal7", "phpass", "argon2"]
    before = [getattr(presets, name)() for name in formats]
    return bare, FormatList([*before, format_]), stored


def named_in_the_row():
    def bare():
        return hashlib.md5(RAW + SALT).digest()

    salt, text = (base64.b64encode(data).decode() for data in (SALT, bare()))
    return bare, presets.fusionauth(scheme="salted-md5"), StoredHash(text, salt=salt)


def one_of_many_schemes():
    def bare():
        return hashlib.sha512(RAW).digest()

    text = "{SHA512.B64}" + base64.b64encode(bare()).decode()
    return bare, presets.dovecot(), StoredHash(text)


CASES = (
    digest,
    iterated,
    phpass,
    pbkdf2,
    scrypt,
    argon2,
    bcrypt_,
    bcrypt_wordpress,
    sha512_crypt,
    passlib,
    last_of_a_list,
    named_in_the_row,
    one_of_many_schemes,
)


def measure(case, rounds):
    """
    Return the minima of the bare call and of what ours takes above it, in µs.
    """
    bare, format_, stored = case()
    bare_times, our_times = [], []
    sides = [
        (bare, bare_times),
        (lambda: format_.verify(PASSWORD, stored), our_times),
    ]
    for _ in range(rounds):
        # Each side goes first every other time: what follows finds warm caches.
        sides.reverse()
        for call, times in sides:
            began = time.perf_counter()
            call()
            times.append(time.perf_counter() - began)
    return min(bare_times) * 1e6, (min(our_times) - min(bare_times)) * 1e6


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--ceiling", type=float, default=CEILING_US)
    parser.add_argument(
        "--json", type=Path, default=Path(__file__).with_suffix(".json")
    )
    options = parser.parse_args(arguments)

    rows = []
    print(f"{'engine':20} {'bare µs':>10} {'overhead µs':>12}")
    for case in CASES:
        bare, overhead = measure(case, options.rounds)
        name = case.__name__.strip("_")
        rows.append({"engine": name, "bare_us": bare, "overhead_us": overhead})
        print(f"{name:20} {bare:10.1f} {overhead:12.1f}")
    written = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "rounds": options.rounds,
        "ceiling_us": options.ceiling,
        "rows": rows,
    }
    options.json.write_text(json.dumps(written, indent=2) + "\n")
    dear = [row["engine"] for row in rows if row["overhead_us"] > options.ceiling]
    if dear:
        raise SystemExit(f"over {options.ceiling} µs: {', '.join(dear)}")


if __name__ == "__main__":
    main()
