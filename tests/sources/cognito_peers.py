"""
Cognitos for the tests: moto's server, and one that says what it is told.
"""

import contextlib
import functools
import sys

import boto3
import faults
from ldap_peers import running


REGION = "eu-central-1"


@functools.cache
def session_of():
    """
    Return a session, which reads its descriptions of services once.
    """
    return boto3.Session(
        aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="an AWS s3cret"
    )


@contextlib.contextmanager
def moto(folder):
    """
    Run moto's server, and give its URL.
    """
    program = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p"]

    with running(lambda port: [*program, str(port)], folder) as port:
        yield f"http://127.0.0.1:{port}"


def operation(request):
    """
    Return the name of what is asked for.
    """
    return request.headers["x-amz-target"].partition(".")[2]


def error(code, message="", status=400):
    """
    Return an error as Cognito gives it.
    """
    return faults.as_json({"__type": code, "message": message}, status)


USER = {
    "Username": "ann",
    "Enabled": True,
    "UserStatus": "CONFIRMED",
    "UserCreateDate": 1577934245.5,
    "UserAttributes": [
        {"Name": "sub", "Value": "5ab"},
        {"Name": "email", "Value": "Ann@Example.com"},
        {"Name": "email_verified", "Value": "true"},
        {"Name": "phone_number", "Value": "+4930123"},
        {"Name": "custom:favColour", "Value": "red"},
    ],
}
YES = {
    "AuthenticationResult": {
        "AccessToken": "the access tok3n",
        "IdToken": "the id tok3n",
        "RefreshToken": "the refresh tok3n",
        "TokenType": "Bearer",
    },
    "ChallengeParameters": {},
}


def pool(auth=None, user=None):
    """
    Return what a pool answers: *user* to AdminGetUser, *auth* to AdminInitiateAuth.
    """

    def reply(answer):
        return answer if isinstance(answer, faults.Reply) else faults.as_json(answer)

    def app(request):
        if operation(request) == "AdminGetUser":
            return reply(USER if user is None else user)
        return reply(YES if auth is None else auth)

    return app
