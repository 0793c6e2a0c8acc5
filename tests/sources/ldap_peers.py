"""
Directories for the tests: a real OpenLDAP, and servers that say what a test tells them.
"""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path

import attrs
import faults
import pytest
import sansldap
import trustme


READER = "cn=reader,dc=example,dc=com"
READER_PASSWORD = "reader's own s3cret"
PEOPLE = "ou=people,dc=example,dc=com"
SLAPD = "MIGRATEKIT_TEST_SLAPD"
START_TLS = "1.3.6.1.4.1.1466.20037"

_LDIF = """\
dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=reader,dc=example,dc=com
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: reader's own s3cret

dn: cn=policy,dc=example,dc=com
objectClass: organizationalRole
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 0
pwdMustChange: TRUE

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: ou=elsewhere,dc=example,dc=com
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://127.0.0.1:1/ou=people,dc=example,dc=com

"""
_PERSON = """\
dn: {dn}
objectClass: inetOrgPerson
uid: {uid}
cn: {cn}
sn: {sn}
{more}
userPassword: {password}

"""
_CONF = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {folder}/pid
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/cert.pem
TLSCertificateKeyFile {folder}/key.pem
security simple_bind=128
database mdb
suffix "dc=example,dc=com"
directory {folder}/db
maxsize 16777216
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=reader,dc=example,dc=com" read by self read by * none
overlay ppolicy
ppolicy_default "cn=policy,dc=example,dc=com"
"""


def person(uid, password, *more, dn=None, cn=None, sn="Doe"):
    return _PERSON.format(
        dn=dn or f"uid={uid},{PEOPLE}",
        uid=uid,
        cn=cn or uid,
        sn=sn,
        more="\n".join(more) or "description: nothing",
        password=password,
    )


PERSONS = (
    person("Ann", "correct horse", "mail: Ann@Example.com", "givenName: Ann", sn="Ax"),
    person("bob", "battery staple", "mail: bob@example.com", "mail: b@example.org"),
    person("lock", "locked out 1", "pwdAccountLockedTime: 000001010000Z"),
    person("reset", "to be changed", "mail: reset@example.com", "pwdReset: TRUE"),
    person(
        "two", "same password", "mail: two@example.com", dn=f"cn=2a,{PEOPLE}", cn="2a"
    ),
    person("two2", "same password", "mail: two@example.com"),
    person("s p,e=c+i", "odd name 12", dn=f"uid=s p\\,e\\=c\\+i,{PEOPLE}"),
    person("nil", "x", dn=f"uid=nil,{PEOPLE}").replace("userPassword: x\n", ""),
)


@attrs.frozen
class Slapd:
    """
    A running OpenLDAP.
    """

    port: int
    tls_port: int
    context: ssl.SSLContext

    @property
    def url(self):
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self):
        return f"ldaps://127.0.0.1:{self.tls_port}"


def find_slapd():
    """
    Return the path of slapd, or skip the test.
    """
    found = os.environ.get(SLAPD) or shutil.which("slapd") or "/usr/sbin/slapd"
    if not Path(found).exists():
        pytest.skip(f"{SLAPD} is not set, and there is no slapd")
    return Path(found)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def certificates():
    """
    Return a CA of our own, and a context that trusts it and nobody else.
    """
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return authority, context


def server_context(authority, name="127.0.0.1"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@contextlib.contextmanager
def slapd(folder):
    """
    Run an OpenLDAP in *folder*.
    """
    # A copy, because AppArmor lets the original read nothing in here.
    binary = shutil.copy(find_slapd(), folder / "slapd")
    authority, context = certificates()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(folder / "cert.pem", append=True)
    (folder / "db").mkdir()
    conf = folder / "slapd.conf"
    conf.write_text(_CONF.format(folder=folder))
    (folder / "data.ldif").write_text(_LDIF + "".join(PERSONS))
    subprocess.run(
        # One program of many names.
        [binary, "-T", "add", "-q", "-f", conf, "-l", folder / "data.ldif"],
        check=True,
        capture_output=True,
        timeout=30,
    )

    def command(port):
        url = f"ldap://127.0.0.1:{port} ldaps://127.0.0.1:{port + 1}"
        return [binary, "-d", "0", "-f", conf, "-h", url]

    with running(command, folder) as port:
        wait_for(port + 1)
        yield Slapd(port, port + 1, context)


@contextlib.contextmanager
def running(command, folder):
    """
    Run the server that *command* gives for a port, in *folder*, and give the port.

    Somebody else may take a free port before the server does; then it gets another.
    """
    for attempt in range(5):
        port = free_port()
        with (folder / f"server{attempt}.log").open("wb") as log:
            process = subprocess.Popen(
                command(port), cwd=folder, stdout=log, stderr=log
            )
        try:
            if wait_for(port, process):
                yield port
                return
        finally:
            process.terminate()
            process.wait(10)
    raise AssertionError("the server does not start")


def wait_for(port, process=None):
    """
    Return whether somebody listens on *port*; False once *process* has ended.
    """
    until = time.monotonic() + 30
    while process is None or process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < until, "the server does not listen"
            time.sleep(0.02)
        else:
            return True
    return False


# --- A server that is told what to say ------------------------------------------------


def ber(tag, *parts):
    """
    Return an element with a length of four bytes, as Active Directory sends them.
    """
    body = b"".join(parts)
    return bytes([tag, 0x84]) + len(body).to_bytes(4, "big") + body


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return ber(0x04, value)


def result(tag, code, diagnostic=""):
    size = max(1, (code.bit_length() + 8) // 8)
    return ber(
        tag,
        b"\x0a",
        bytes([size]),
        code.to_bytes(size, "big"),
        text(""),
        text(diagnostic),
    )


def bind_response(code, diagnostic=""):
    return result(0x61, code, diagnostic)


def entry(dn, **attributes):
    values = [
        ber(0x30, text(name.replace("_", "-")), ber(0x31, *map(text, several)))
        for name, several in attributes.items()
    ]
    return ber(0x64, text(dn), ber(0x30, *values))


def reference(url):
    return ber(0x73, text(url))


def done(code=0, diagnostic=""):
    return result(0x65, code, diagnostic)


def extended_response(code, value=None):
    more = b"" if value is None else b"\x8b" + bytes([len(value)]) + value.encode()
    head = result(0x78, code)[6:]
    return ber(0x78, head, more)


def message(number, operation):
    return ber(0x30, b"\x02\x02", number.to_bytes(2, "big"), operation)


def directory(answer, tls=None, requests=None):
    """
    Return a play in which *answer* gives the operations for each request, or bytes.

    Whoever asks for StartTLS gets it if there is *tls*.
    """

    def play(connection, server):
        reader = sansldap.LDAPServer()
        bound = ""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(65536):
            try:
                asked = reader.receive(data)
            except sansldap.LDAPError:
                return
            for request in asked:
                if requests is not None:
                    requests.append(request)
                name = getattr(request, "name", None)
                if name == START_TLS and tls is not None:
                    connection.sendall(
                        message(request.message_id, extended_response(0))
                    )
                    with tls.wrap_socket(connection, server_side=True) as inside:
                        directory(answer, requests=requests)(inside, server)
                    return
                operations = answer(request, bound)
                if isinstance(request, sansldap.BindRequest):
                    bound = request.name
                    reader = sansldap.LDAPServer()
                number = request.message_id
                connection.sendall(b"".join(message(number, it) for it in operations))

    return play


def serve(answer, authority, **options):
    """
    Give a `faults.Peer` that speaks LDAP over TLS.
    """
    return faults.peer(
        directory(answer, **options), tls=server_context(authority), scheme="ldaps"
    )
