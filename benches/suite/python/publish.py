"""A publisher or a subscriber of the benchmarks as a service of the Python library: `publish.py ROLE PORT`."""
import os
import sys
import threading
import time
import types
from decimal import Decimal

import msgpack
from service_framework import Service

END = -1
REST = 0.1
FIELDS = {"price": Decimal, "quantity": Decimal, "symbol": str, "order_id": str, "sequence": int, "time": object}
UNPACED = msgpack.Timestamp(1_700_000_000, 123_456_789)
role, port = sys.argv[1:]


def order(sequence, when):
    return {"price": Decimal("64235.17"), "quantity": Decimal("0.0125"), "symbol": "BTC-USD",
            "order_id": "0b9f3c1e-52a7-4d0e-8c3f-6a1d9e7b2f40", "sequence": sequence, "time": when}


def main(to_send, config):
    # It is told how many subscribers there are, and cannot see them.
    sys.stdin.readline()
    print("ready", flush=True)
    for line in sys.stdin:
        count, rate, _ = map(int, line.split())
        began = time.time_ns() + 5_000_000
        for sequence in range(1, count + 1):
            when = UNPACED
            if rate:
                due = began + sequence * 1_000_000_000 // rate
                while time.time_ns() < due:
                    pass
                when = msgpack.Timestamp.from_unix_nano(due)
            to_send("connection", "orders", order(sequence, when))
        time.sleep(REST)
        to_send("connection", "orders", order(END, UNPACED))
        time.sleep(REST)


class Heard:
    count, first, last, nanoseconds = 0, 0, 0, []


def on_new_message(args, to_send, states, config):
    if args["sequence"] == END:
        times = "h" + ",".join("%d:1" % nanoseconds for nanoseconds in Heard.nanoseconds)
        print(Heard.count, (Heard.last - Heard.first) / 1e9, times, flush=True)
        Heard.count, Heard.nanoseconds = 0, []
        return
    Heard.count += 1
    now = time.time_ns()
    if args["time"] != UNPACED:
        Heard.nanoseconds.append(now - args["time"].to_unix_nano())
    if Heard.count == 1:
        Heard.first = now
    else:
        Heard.last = now


if role == "publisher":
    model = {"connection_type": "publisher", "required_arguments": FIELDS,
             "optional_creation_arguments": {"topic": "ORDER", "wait_after_creation_s": 1.0}}
    module = types.SimpleNamespace(
        __name__="feed", main=main, connection_models={"out": {"orders": model}})
    addresses = {"connections": {"out": {"orders": {"publisher": "127.0.0.1:" + port}}}}
    Service(service_module=module, addresses=addresses, console_loglevel=None).run_service_as_main_blocking()
else:
    # It ends when nobody is left to write to it.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    model = {"connection_type": "subscriber", "required_arguments": FIELDS,
             "required_creation_arguments": {"on_new_message": on_new_message},
             "optional_creation_arguments": {"topic": "ORDER"}}
    module = types.SimpleNamespace(__name__="hearer", connection_models={"in": {"orders": model}})
    addresses = {"connections": {"in": {"orders": {"subscriber": "127.0.0.1:" + port}}}}
    Service(service_module=module, addresses=addresses, console_loglevel=None).run_service_blocking()
