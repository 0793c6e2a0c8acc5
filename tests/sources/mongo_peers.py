"""
MongoDBs for the tests: a real server of its protocol, and one that says what it is told.
"""

import contextlib
import struct
import sys

import bson
import faults
from ldap_peers import running


HELLO = {
    "ok": 1,
    "helloOk": True,
    "isWritablePrimary": True,
    "maxBsonObjectSize": 16777216,
    "maxMessageSizeBytes": 48000000,
    "maxWriteBatchSize": 100000,
    "minWireVersion": 0,
    "maxWireVersion": 21,
}


@contextlib.contextmanager
def nx(folder):
    """
    Run an NX-27017, a server of MongoDB's protocol over SQLite, and give its URL.
    """
    program = "from nx_27017 import main; main()"

    def command(port):
        options = ["--db", "memory", "-p", str(port), "--pid-file", folder / "pid"]
        return [sys.executable, "-c", program, *options]

    with running(command, folder) as port:
        yield f"mongodb://127.0.0.1:{port}"


def received(connection):
    """
    Return the number and the body of the next message, or None if there is none.
    """
    head = connection.recv(16, 0x100)  # MSG_WAITALL
    if len(head) < 16:
        return None
    length, number, _, code = struct.unpack("<iiii", head)
    rest = connection.recv(length - 16, 0x100)
    # OP_QUERY, which asks hello, has flags, a name and two numbers before its document.
    start = rest.index(b"\0", 4) + 9 if code == 2004 else 5
    size = struct.unpack_from("<i", rest, start)[0]
    return code, number, bson.decode(rest[start : start + size])


def op_msg(number, document):
    """
    Return the bytes of an answer.
    """
    body = b"\0\0\0\0\0" + bson.encode(document)
    return struct.pack("<iiii", len(body) + 16, 1, number, 2013) + body


def op_reply(number, document):
    body = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode(document)
    return struct.pack("<iiii", len(body) + 16, 1, number, 1) + body


def greets(play):
    """
    Return a play that says hello as a server does, and plays *play* at the first command.

    *play* takes the connection, the peer, and the number and body of the command.
    """

    def greeting(connection, server):
        while (found := received(connection)) is not None:
            code, number, body = found
            if next(iter(body)).lower() in {"hello", "ismaster"}:
                answer = op_reply if code == 2004 else op_msg
                connection.sendall(answer(number, HELLO))
            else:
                server.requests.append(body)
                play(connection, server, number, body)
                return

    return greeting


def found(*documents, **more):
    """
    Return the answer of a find.
    """
    cursor = {"id": 0, "ns": "shop.users", "firstBatch": list(documents)}
    return {"ok": 1, "cursor": cursor, **more}


def at_the_command(fault):
    """
    Return the play of *fault*, played after a successful greeting.
    """

    def play(connection, server, number, body):
        with contextlib.suppress(TimeoutError):
            # The fault reads a request, and ours is read already.
            fault.play(Read(connection), server)

    return greets(play)


def impatient(fault):
    """
    Return the play of *fault*, which does not wait for a client that says nothing.
    """

    def play(connection, server):
        connection.settimeout(0.5)
        fault.play(connection, server)

    return play


class Read:
    """
    A connection whose first request is there already.
    """

    def __init__(self, connection):
        self._connection = connection
        self._first = True

    def recv(self, size):
        if self._first:
            self._first = False
            return b"x"
        return self._connection.recv(size)

    def __getattr__(self, name):
        return getattr(self._connection, name)


def answers(answer):
    """
    Return a play that answers every command with what *answer* returns for it.
    """

    def play(connection, server):
        while (request := received(connection)) is not None:
            code, number, body = request
            if next(iter(body)).lower() in {"hello", "ismaster"}:
                reply = op_reply if code == 2004 else op_msg
                connection.sendall(reply(number, HELLO))
                continue
            server.requests.append(body)
            connection.sendall(op_msg(number, answer(body)))

    return play


def serve(answer):
    """
    Give a `faults.Peer` that is a MongoDB.
    """
    return faults.peer(answers(answer), scheme="mongodb")
