"""A small sale: buyers who succeed, who are refused, who are declined, and who only watch.

What it is for: the live checks and the pictures. `python sale.py ADDRESS` runs it by hand.
Relies on: the events of `holdfast demo`.
"""

from __future__ import annotations

import contextlib
import random
import sys
import threading
from collections.abc import Iterator

from buyer import Buyer

THEATRE, CLUB = "theatre", "club-night"
# A crowd that one small machine serves beside everything else.
CROWD_IN_LINE, CROWD_VIEWERS, CROWD_BUYERS = 400, 40, 4
SEED = 7


def run(base: str) -> None:
    """One round; every refusal is one that a real sale has."""
    viewer = Buyer(base)
    sockets = [viewer.watch(THEATRE), viewer.watch(CLUB)]
    seen = viewer.ask("GET", f"/v1/events/{THEATRE}/availability")[1]
    sockets.append(viewer.watch(THEATRE, f"{seen['epoch']}.{seen['version']}"))
    sockets.append(viewer.watch(THEATRE, "1.0" if seen["epoch"] != 1 else "9.0"))

    buyer = Buyer(base)
    buyer.enter(THEATRE)
    hold = _held(buyer, THEATRE, {"best_available": {"quantity": 2}})
    order = buyer.order(hold)
    paid = buyer.pay(order, "pm_card_visa")
    assert paid == 200, paid
    buyer.wait_until_confirmed(order)

    rival = Buyer(base)
    rival.enter(THEATRE)
    taken = [seat["label"] for seat in hold["seats"]]
    assert rival.hold(THEATRE, {"seats": taken})[0] == 409
    declined = rival.order(_held(rival, THEATRE, {"best_available": {"quantity": 1}}))
    paid = rival.pay(declined, "pm_card_visa_chargeDeclined")
    assert paid == 402, paid
    path = f"/v1/orders/{declined['id']}/cancel"
    rival.ask("POST", path, Holdfast_Order=declined["token"])

    dancer = Buyer(base)
    places = _held(dancer, CLUB, {"areas": [{"name": "Dance floor", "quantity": 2}]})
    dancer.ask("POST", f"/v1/holds/{places['id']}/extend", Holdfast_Hold=places["token"])
    dancer.ask("DELETE", f"/v1/holds/{places['id']}", Holdfast_Hold=places["token"])
    assert dancer.hold(THEATRE, {"best_available": {"quantity": 1}})[0] == 401
    assert dancer.ask("POST", "/v1/stripe/webhook", {}, Stripe_Signature="t=1,v1=00")[0] == 400

    for live in sockets:
        live.close()


@contextlib.contextmanager
def crowd(base: str, faults: list[str]) -> Iterator[None]:
    """People who stand in line, watch and buy until the block ends; for pictures."""
    ended = threading.Event()
    stories = [_stand_in_line, _look_on, *[_buy_again_and_again] * CROWD_BUYERS]

    def tell(story: object, number: int) -> None:
        try:
            story(base, random.Random(SEED + number), ended)  # type: ignore[operator]
        except Exception as error:  # noqa: BLE001 (the caller tells it)
            faults.append(f"{type(error).__name__}: {error}")

    people = [
        threading.Thread(target=tell, args=(story, number)) for number, story in enumerate(stories)
    ]
    for person in people:
        person.start()
    try:
        yield
    finally:
        ended.set()
        for person in people:
            person.join()


def _stand_in_line(base: str, chance: random.Random, ended: threading.Event) -> None:
    """Joins, asks once, and is never seen again."""
    for _ in range(CROWD_IN_LINE):
        if ended.is_set():
            return
        person = Buyer(base)
        person.headers["Holdfast-Place"] = person.ask("POST", f"/v1/events/{THEATRE}/queue")[1]["place"]
        person.ask("GET", f"/v1/events/{THEATRE}/queue")
        ended.wait(chance.uniform(0, 0.08))


def _look_on(base: str, chance: random.Random, ended: threading.Event) -> None:
    """Opens one live map after the other and keeps them open."""
    viewer, sockets = Buyer(base), []
    for number in range(CROWD_VIEWERS):
        sockets.append(viewer.watch((THEATRE, CLUB)[number % 2]))
        ended.wait(chance.uniform(0, 1.2))
    ended.wait()
    for live in sockets:
        live.close()


def _buy_again_and_again(base: str, chance: random.Random, ended: threading.Event) -> None:
    """Places on the dance floor: most are paid, some declined, some given back."""
    while not ended.is_set():
        buyer = Buyer(base)
        wish = {"areas": [{"name": "Dance floor", "quantity": chance.randint(1, 2)}]}
        status, hold = buyer.hold(CLUB, wish)
        ended.wait(chance.uniform(0.3, 1.2))
        if status != 201:
            continue
        if chance.random() < 0.25:
            buyer.ask("DELETE", f"/v1/holds/{hold['id']}", Holdfast_Hold=hold["token"])
            continue
        order = buyer.order(hold)
        declined = chance.random() < 0.2
        buyer.pay(order, "pm_card_visa_chargeDeclined" if declined else "pm_card_visa")
        ended.wait(chance.uniform(0.3, 1.2))


def _held(buyer: Buyer, event: str, wish: dict[str, object]) -> dict[str, object]:
    status, hold = buyer.hold(event, wish)
    assert status == 201, (status, hold)
    return hold


if __name__ == "__main__":
    run(sys.argv[1].rstrip("/"))
