"""A buyer who walks through the demo's sale over the public API.

What it is for: traffic behind the live checks, so that every counter has counted something.
Relies on: a running `holdfast demo` and the standard library.
Never does: measure, retry without end, or read anything but the documented API.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

Answer = tuple[int, dict[str, Any]]

TURN_WITHIN_SECONDS = 20.0
CONFIRMED_WITHIN_SECONDS = 20.0


def _random_text() -> str:
    """At least the 128 bits that a device key has."""
    return base64.urlsafe_b64encode(os.urandom(18)).decode()


@dataclass
class Buyer:
    """One device. `base` is the server's address without a trailing slash."""

    base: str
    headers: dict[str, str] = field(default_factory=lambda: {"Holdfast-Device": _random_text()})

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request to the API; refusals are answers, not exceptions."""
        sent = {**self.headers, **{name.replace("_", "-"): text for name, text in headers.items()}}
        data = None
        if body is not None:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        if method != "GET" and "/queue" not in path:
            sent.setdefault("Idempotency-Key", _random_text())
        return _send(urllib.request.Request(self.base + path, data, sent, method=method))

    def enter(self, event: str) -> None:
        """Joins the line of `event`, waits for the turn, and takes the pass along."""
        self.headers["Holdfast-Place"] = self.ask("POST", f"/v1/events/{event}/queue")[1]["place"]
        until = time.monotonic() + TURN_WITHIN_SECONDS
        while self.ask("GET", f"/v1/events/{event}/queue")[1].get("state") != "your_turn":
            if time.monotonic() > until:
                raise TimeoutError(f"no turn in the line of {event}")
            time.sleep(0.25)
        entered = self.ask("POST", f"/v1/events/{event}/queue/enter")[1]
        self.headers["Holdfast-Pass"] = entered["pass"]

    def hold(self, event: str, wish: dict[str, Any]) -> Answer:
        return self.ask("POST", f"/v1/events/{event}/holds", wish)

    def order(self, hold: dict[str, Any]) -> dict[str, Any]:
        # Quotas count by address too, so everybody has their own.
        email = f"{self.headers['Holdfast-Device'].lower()}@example.org"
        wish = {"hold_id": hold["id"], "email": email}
        status, order = self.ask("POST", "/v1/orders", wish, Holdfast_Hold=hold["token"])
        if status != 201:
            raise RuntimeError(f"the order is refused: {status} {order.get('code')}")
        return order

    def pay(self, order: dict[str, Any], card: str) -> int:
        """Confirms as a browser does; the status of the confirmation, or of its refusal before."""
        path = f"/v1/orders/{order['id']}/payment"
        status, payment = self.ask("POST", path, Holdfast_Order=order["token"])
        if status not in (200, 201):
            return status
        form = {
            "key": payment["publishable_key"],
            "client_secret": payment["client_secret"],
            "payment_method": card,
        }
        url = f"{payment['api_base']}/v1/payment_intents/{payment['payment_intent']}/confirm"
        data = urllib.parse.urlencode(form).encode()
        return _send(urllib.request.Request(url, data, method="POST"))[0]

    def wait_until_confirmed(self, order: dict[str, Any]) -> None:
        until = time.monotonic() + CONFIRMED_WITHIN_SECONDS
        path = f"/v1/orders/{order['id']}"
        while self.ask("GET", path, Holdfast_Order=order["token"])[1]["status"] != "confirmed":
            if time.monotonic() > until:
                raise TimeoutError(f"order {order['id']} is not confirmed")
            time.sleep(0.2)

    def watch(self, event: str, since: str = "") -> socket.socket:
        """Opens the live map of `event`; the first frame has arrived when this returns."""
        place = urllib.parse.urlsplit(self.base)
        assert place.hostname and place.port
        live = socket.create_connection((place.hostname, place.port), timeout=10)
        query = f"?since={since}" if since else ""
        key = base64.b64encode(os.urandom(16)).decode()
        live.sendall(
            f"GET /v1/events/{event}/live{query} HTTP/1.1\r\nHost: {place.netloc}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        received = b""
        while b"\r\n\r\n" not in received or received.endswith(b"\r\n\r\n"):
            received += live.recv(65536)
        assert received.startswith(b"HTTP/1.1 101"), received[:200]
        return live


def _send(request: urllib.request.Request) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
    except urllib.error.HTTPError as refusal:
        text = refusal.read()
        return refusal.code, json.loads(text) if text.startswith(b"{") else {}
