"""A desk or its client as a service of the Python library: `request.py ROLE PORT`."""
import os
import sys
import threading
import time
import types
from decimal import Decimal

import msgpack
from service_framework import Service

SEQUENCE = 1_234_567
TIME = msgpack.Timestamp(1_700_000_000, 123_456_789)
role, port = sys.argv[1:]
address = "127.0.0.1:" + port


def on_new_request(args, to_send, states, config):
    return {"symbol": args["symbol"], "notional": args["price"] * args["quantity"], "sequence": args["sequence"]}


def order(sequence):
    return {"price": Decimal("64235.17"), "quantity": Decimal("0.0125"), "symbol": "BTC-USD",
            "order_id": "0b9f3c1e-52a7-4d0e-8c3f-6a1d9e7b2f40", "sequence": sequence, "time": TIME}


def main(to_send, config):
    # The library makes its socket anew in a second thread at the start.
    time.sleep(1)
    print("ready", flush=True)
    for line in sys.stdin:
        count, rate, _ = map(int, line.split())
        began = time.time_ns() + 5_000_000
        times = []
        for number in range(1, count + 1):
            due = time.time_ns()
            if rate:
                due = began + number * 1_000_000_000 // rate
                while time.time_ns() < due:
                    pass
            reply = to_send("connection", "desk", order(SEQUENCE + number))
            times.append(time.time_ns() - due)
            assert reply["sequence"] == SEQUENCE + number
        seconds = (time.time_ns() - began) / 1e9
        print(count, seconds, "h" + ",".join("%d:1" % nanoseconds for nanoseconds in times), flush=True)


fields = {"price": Decimal, "quantity": Decimal, "symbol": str, "order_id": str, "sequence": int, "time": object}
model = {"required_arguments": fields,
         "required_return_arguments": {"symbol": str, "notional": Decimal, "sequence": int}}
if role == "client":
    model["connection_type"] = "requester"
    module = types.SimpleNamespace(__name__="client", main=main, connection_models={"out": {"desk": model}})
    addresses = {"connections": {"out": {"desk": {"requester": address}}}}
    Service(service_module=module, addresses=addresses, console_loglevel=None).run_service_as_main_blocking()
else:
    # It ends when nobody is left to write to it.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    model["connection_type"] = "replyer"
    model["required_creation_arguments"] = {"on_new_request": on_new_request}
    module = types.SimpleNamespace(__name__="desk", connection_models={"in": {"desk": model}})
    addresses = {"connections": {"in": {"desk": {"replyer": address}}}}
    Service(service_module=module, addresses=addresses, console_loglevel=None).run_service_blocking()
