"""
A Chromium that tests look at pages with, driven by its DevTools protocol over two pipes.
"""

import base64
import fcntl
import json
import os
import select
import subprocess
import time
from contextlib import suppress


_ALONE = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--use-mock-keychain",
    # Whatever it asks for is nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
_LONG = 120  # Seconds: a busy machine starts it slowly.


def _beyond(descriptor):
    """
    Return a copy of *descriptor* that is not in the way of 3 and 4.
    """
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
    os.close(descriptor)
    return copy


class Chromium:
    """
    A browser without a window, and a page in it.

    *requests* and *complaints* are all the addresses that it asked for since `open()`,
    and all that was written to its console.
    """

    def __init__(self, command, folder):
        ours, self._to = os.pipe()
        self._from, theirs = os.pipe()
        ours, theirs = _beyond(ours), _beyond(theirs)
        self._data = b""
        self._number = 0
        # The browser takes its commands from descriptor 3, and answers at 4.
        script = f'exec "$0" "$@" 3<&{ours} 4>&{theirs}'
        self._process = subprocess.Popen(
            ["bash", "-c", script, command, *_ALONE, f"--user-data-dir={folder}"],
            pass_fds=(ours, theirs),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
        )
        os.close(ours)
        os.close(theirs)
        self._session = None
        self.requests = []
        self.complaints = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def close(self):
        with suppress(OSError, AssertionError):
            self._session = None
            self.ask("Browser.close")
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)

    def ask(self, method, **params):
        """
        Have something done, and return what comes of it.
        """
        self._number += 1
        question = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            question["sessionId"] = self._session
        os.write(self._to, json.dumps(question).encode() + b"\0")
        answer = self._until(lambda message: message.get("id") == self._number)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, path, *, width, dark=False, height=900):
        """
        Show a file, on a screen of that *width*.
        """
        self.requests.clear()
        self.complaints.clear()
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.ask("Page.navigate", url=path.absolute().as_uri())
        self._until(lambda message: message.get("method") == "Page.loadEventFired")

    def evaluate(self, expression):
        """
        Return the value of an expression of JavaScript on the page.
        """
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key):
        """
        Press a key.
        """
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode={"Tab": 9, "Enter": 13}[key],
                text="\r" if key == "Enter" and kind == "keyDown" else "",
            )

    def heard(self):
        """
        Return the role and name of all that a screen reader finds, in order.
        """
        nodes = self.ask("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"]
        ]

    def picture(self, path):
        """
        Save what the whole page looks like.
        """
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _until(self, is_it):
        until = time.monotonic() + _LONG
        while True:
            while b"\0" not in self._data:
                left = until - time.monotonic()
                assert left > 0, "Chromium does not answer."
                assert select.select([self._from], [], [], left)[0]
                data = os.read(self._from, 1 << 20)
                assert data, "Chromium has ended."
                self._data += data
            text, _, self._data = self._data.partition(b"\0")
            message = json.loads(text)
            self._note(message)
            if is_it(message):
                return message

    def _note(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif method in {"Runtime.consoleAPICalled", "Runtime.exceptionThrown"}:
            self.complaints.append(str(params))
