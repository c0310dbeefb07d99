"""An owner of a state or a copy of it as a service of the Python library: `states.py ROLE PUBLISHER,REPLYER`.

A copy of the library cannot join while updates go on, as its owners say of each snapshot that it has number 0: it would ask
for the next one at every update. So each turn begins with a snapshot that is published. Its copies call no function: what
they see is looked at where the library changes them.
"""
import importlib
import os
import sys
import threading
import time
import types

from service_framework import Service

TURN = "turn"
PACED = 1_000_000_000_000
role, at = sys.argv[1:]
publisher, replyer = at.split(",")


def model(kind, **more):
    return {"state_type": "delta_update_" + kind, "optional_creation_arguments": dict(topic="KEYS", **more),
            "required_state_arguments": {"current_num": int, "is_snapshot": bool},
            "required_arguments": {"state": dict}}


def main(to_send, config):
    number = 0
    keys = {"key_%d" % key: 0 for key in range(int(sys.stdin.readline()))}
    names = list(keys)

    def publish(state, is_snapshot=False):
        nonlocal number
        number += 1
        to_send("state", "keys", {"current_num": number, "is_snapshot": is_snapshot, "state": state})

    print("ready", flush=True)
    for turn, line in enumerate(sys.stdin, 1):
        count, rate, _ = map(int, line.split())
        publish(keys, is_snapshot=True)
        time.sleep(0.5)
        began = time.time_ns()
        for change in range(count):
            value = turn * count + change
            if rate:
                value = began + 5_000_000 + change * 1_000_000_000 // rate
                while time.time_ns() < value:
                    pass
            publish({names[change % len(names)]: value})
        publish({TURN: turn})
        print(began, flush=True)


def listen():
    # Each first line is a number of copies, and there is one; those after it are turns, until one is empty.
    print("ready", flush=True)
    for _ in sys.stdin:
        print("nan", flush=True)
        for line in sys.stdin:
            if not line.strip():
                break
            print("ready", flush=True)
        print("gone", flush=True)
    os._exit(0)


def watch():
    kind = importlib.import_module("service_framework.states.in.delta_update_in").DeltaUpdateIn
    update, times = kind.update_state, []

    def noting(self, args):
        update(self, args)
        if args["is_snapshot"]:
            return
        now = time.time_ns()
        for key, value in args["state"].items():
            if key == TURN:
                print(now, "h" + ",".join("%d:1" % nanoseconds for nanoseconds in times), flush=True)
                times.clear()
            elif value > PACED:
                times.append(now - value)

    kind.update_state = noting


if role == "owner":
    module = types.SimpleNamespace(__name__="owner", main=main, state_models={
        "out": {"keys": model("out", wait_after_creation_s=1.0)}})
    addresses = {"states": {"out": {"keys": {"publisher": publisher, "replyer": replyer}}}}
    Service(service_module=module, addresses=addresses, console_loglevel=None).run_service_as_main_blocking()
else:
    watch()
    threading.Thread(target=listen, daemon=True).start()
    module = types.SimpleNamespace(__name__="copy", state_models={"in": {"keys": model("in")}})
    addresses = {"states": {"in": {"keys": {"subscriber": publisher, "requester": replyer}}}}
    Service(service_module=module, addresses=addresses, console_loglevel=None).run_service_blocking()
