"""Drives Debian's Firefox over its own remote control, Marionette, with the network cut.

Playwright needs a Firefox of its own making; readers have the ordinary one. Marionette speaks JSON
over a local socket: each message is its length, a colon, and itself.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pages import absent

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAIT_S = 60

_PREFERENCES: dict[str, bool | int | str] = {
    "app.normandy.enabled": False,
    "app.shield.optoutstudies.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.dom.window.dump.enabled": True,  # what a page says to its console, to our file
    "browser.newtabpage.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "devtools.console.stdout.chrome": False,
    "devtools.console.stdout.content": True,
    "dom.push.connection.enabled": False,
    "dom.push.serverURL": "",
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "identity.fxaccounts.enabled": False,
    "marionette.port": 0,  # any; it is written down in the profile
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.prefetch-next": False,
    "network.proxy.allow_hijacking_localhost": True,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.no_proxies_on": "",
    "network.proxy.share_proxy_settings": True,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.type": 1,
    "nimbus.rollouts.enabled": False,
    "privacy.trackingprotection.enabled": False,
    "remote.prefs.recommended": True,
    "security.OCSP.enabled": 0,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "ui.prefersReducedMotion": 1,
}

_SCRIPT_ERRORS = """
  const found = [];
  for (const message of Services.console.getMessageArray()) {
    if (!(message instanceof Ci.nsIScriptError)) continue;
    if (!message.sourceName.startsWith("file:") && !message.category.startsWith("CSP")) continue;
    found.push(message.errorMessage);
  }
  Services.console.reset();
  return found;
"""


_NOT_A_PAGE = ": RSLoader:"
"""Firefox itself, which says so when it cannot fetch its maker's experiments."""


class RefusedError(RuntimeError):
    """Firefox answered a command with an error."""


class Firefox:
    """One running Firefox with one tab.

    ``requests`` are the hosts and addresses that anything in this Firefox asked the network for:
    all of it goes to a proxy of ours that only takes notes.
    """

    def __init__(self, connection: socket.socket, spoken: Path, requests: list[str]) -> None:
        self._connection = connection
        self._waiting = b""
        self._number = 0
        self._spoken = spoken
        self._told = 0
        self.requests = requests
        self._receive()  # it says hello first
        self._command("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {}}})

    def goto(self, path: Path) -> None:
        """Open a file and wait until it is loaded."""
        self._command("WebDriver:Navigate", {"url": path.as_uri()})

    def script(self, body: str, *args: Any) -> Any:
        """Run the body of a function in the page, and give what it returns.

        The page's own variables are ``window.wrappedJSObject``'s; a promise is waited for.
        """
        given = {"script": body, "args": list(args)}
        return self._command("WebDriver:ExecuteScript", given)["value"]

    def wait_for(self, condition: str) -> None:
        """Wait until a JavaScript expression is true in the page, at most a minute."""
        until = time.monotonic() + _WAIT_S
        while not self.script(f"return Boolean({condition})"):
            if time.monotonic() > until:
                raise TimeoutError(condition)
            time.sleep(0.05)

    def size(self, width: int, height: int) -> None:
        """Set the size of the window, in CSS pixels."""
        self._command("WebDriver:SetWindowRect", {"width": width, "height": height})

    def complaints(self) -> list[str]:
        """Errors and warnings of pages, and all they wrote to their console, since last asked."""
        self._command("Marionette:SetContext", {"value": "chrome"})
        errors = self.script(_SCRIPT_ERRORS)
        self._command("Marionette:SetContext", {"value": "content"})
        said = self._spoken.read_text("utf-8", errors="replace").splitlines()
        new, self._told = said[self._told :], len(said)
        pages = (one for one in new if one.startswith("console.") and _NOT_A_PAGE not in one)
        return [*errors, *pages]

    def _command(self, name: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, name, parameters]).encode()
        self._connection.sendall(b"%d:%s" % (len(message), message))
        _, number, error, result = self._receive()
        if error is not None:
            raise RefusedError(f"{name}: {error['error']}: {error['message']}")
        if number != self._number:
            raise RefusedError(f"{name}: expected answer {self._number}, found {number}")
        return result

    def _receive(self) -> Any:
        while b":" not in self._waiting:
            self._more()
        length, _, self._waiting = self._waiting.partition(b":")
        while len(self._waiting) < int(length):
            self._more()
        message = self._waiting[: int(length)]
        self._waiting = self._waiting[int(length) :]
        return json.loads(message)

    def _more(self) -> None:
        part = self._connection.recv(1 << 16)
        if not part:
            raise RefusedError("Firefox hung up")
        self._waiting += part


@contextmanager
def firefox() -> Iterator[Firefox]:
    """Start Firefox on a new profile, without a window; end it and forget the profile."""
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    if found is None:
        absent("firefox-esr")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made,
        _notes() as (port, requests),
    ):
        profile, spoken = Path(made, "profile"), Path(made, "spoken.txt")
        profile.mkdir()
        wanted = _PREFERENCES | {"network.proxy.http_port": port, "network.proxy.ssl_port": port}
        lines = [f'user_pref("{k}", {json.dumps(v)});' for k, v in wanted.items()]
        (profile / "user.js").write_text("\n".join(lines), "utf-8")
        words = [found, "--headless", "--no-remote", "--marionette"]
        words += ["--remote-allow-system-access", "--profile", str(profile)]
        with spoken.open("wb") as out:
            # Without the variable a release asks its maker for settings, whatever the preference.
            process = subprocess.Popen(
                words, stdout=out, stderr=subprocess.STDOUT, cwd=made,
                env={**os.environ, "MOZ_REMOTE_SETTINGS_DEVTOOLS": "1"},
            )  # fmt: skip
            try:
                address = ("127.0.0.1", _port(profile, process, spoken))
                with socket.create_connection(address, timeout=_WAIT_S) as connection:
                    yield Firefox(connection, spoken, requests)
            finally:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _port(profile: Path, process: subprocess.Popen[bytes], spoken: Path) -> int:
    """Wait until Firefox has written down where it listens."""
    written = profile / "MarionetteActivePort"
    until = time.monotonic() + _WAIT_S
    while not (written.exists() and written.read_text("utf-8").strip()):
        if process.poll() is not None or time.monotonic() > until:
            raise RefusedError("Firefox does not listen: " + spoken.read_text("utf-8", "replace"))
        time.sleep(0.05)
    return int(written.read_text("utf-8"))


@contextmanager
def _notes() -> Iterator[tuple[int, list[str]]]:
    """Listen as a proxy that writes down what it is asked for and answers nothing."""
    asked: list[str] = []

    def listen(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    first = connection.recv(4096).split(b"\r\n")[0]
                    connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                except OSError:
                    first = b"(nothing)"
                asked.append(first.decode("utf-8", "replace"))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=listen, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1], asked
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)
