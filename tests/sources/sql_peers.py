"""
Sources at database servers that are none, and the first words of such servers.
"""

import ssl
import struct

import attrs
import faults

from migratekit.sources.sql import SQLSource


SELECT = "SELECT 1 AS user_id, 'x' AS password_hash FROM users WHERE :canonical = 'x'"
NOWHERE = {
    "mysql+pymysql": "mysql+pymysql://reader:s3cret@{}/x",
    "postgresql+psycopg": "postgresql+psycopg://reader:s3cret@{}/x",
    "oracle+oracledb": "oracle+oracledb://reader:s3cret@{}/?service_name=x",
    "mssql+pymssql": "mssql+pymssql://reader:s3cret@{}/x",
}
_SSL, _PLUGIN, _SECURE, _SPEAKS_41 = 1 << 11, 1 << 19, 1 << 15, 1 << 9


def own(url):
    """
    Return a source with a SELECT of one's own.
    """
    return SQLSource(url, SELECT, format="bcrypt")


def mysql_greeting(*, tls: bool) -> bytes:
    """
    Return what MySQL says before anything else.
    """
    able = _PLUGIN | _SECURE | _SPEAKS_41 | (_SSL if tls else 0)
    parts = (
        b"\x0a8.0.40\0" + bytes(4) + b"saltsalt" + b"\0",
        struct.pack("<HBHHB", able & 0xFFFF, 45, 2, able >> 16, 21),
        bytes(10) + b"saltsaltsalt\0" + b"caching_sha2_password\0",
    )
    said = b"".join(parts)
    return struct.pack("<I", len(said)) + said


def greeted(play: faults.Play) -> faults.Play:
    """
    Return *play* behind MySQL's greeting, without which its clients send nothing.
    """

    def greeted_play(connection, server):
        connection.sendall(mysql_greeting(tls=False))
        play(connection, server)

    return greeted_play


@attrs.frozen
class StartOfTLS:
    """
    How a client asks for TLS in the middle of a protocol.

    Args:
        greeting: What the server says first.
        plain: What it says first if it has no TLS.
        length: Of the client's question.
        yes: The server's answer.
        no: Its answer if it has no TLS.
    """

    greeting: bytes
    plain: bytes
    length: int
    yes: bytes
    no: bytes

    def play(self, context: ssl.SSLContext | None) -> faults.Play:
        """
        Return the play of a server that notes what it is told, but for that question.

        Without *context* it has no TLS.
        """

        def play(connection, server):
            connection.sendall(self.greeting if context else self.plain)
            if context is None:
                connection.recv(self.length)
                connection.sendall(self.no)
                server.requests.append(connection.recv(65536))
                return
            connection.recv(self.length)
            connection.sendall(self.yes)
            with context.wrap_socket(connection, server_side=True) as secured:
                server.requests.append(secured.recv(65536))

        return play


TLS = {
    "mysql+pymysql": StartOfTLS(
        mysql_greeting(tls=True), mysql_greeting(tls=False), 36, b"", b""
    ),
    "postgresql+psycopg": StartOfTLS(b"", b"", 8, b"S", b"N"),
}
