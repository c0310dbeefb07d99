"""What the peers in Python share: values as JSON that loses nothing, and services of the Python library."""
import argparse
import importlib
import json
import os
import struct
import sys
import threading
import types
import uuid
from decimal import Decimal

import msgpack
import numpy
import zmq


def typed(value):
    """The value as typed JSON."""
    if value is None:
        return {"t": "nil"}
    if isinstance(value, bool):
        return {"t": "bool", "v": value}
    if isinstance(value, int):
        return {"t": "int", "v": str(value)}
    if isinstance(value, float):
        return {"t": "f64", "bits": struct.pack(">d", value).hex()}
    if isinstance(value, str):
        return {"t": "str", "v": value}
    if isinstance(value, bytes):
        return {"t": "bin", "hex": value.hex()}
    if isinstance(value, Decimal):
        return {"t": "decimal", "v": str(value)}
    if isinstance(value, uuid.UUID):
        return {"t": "uuid", "v": str(value)}
    if isinstance(value, msgpack.Timestamp):
        return {"t": "datetime", "s": value.seconds, "ns": value.nanoseconds}
    if isinstance(value, msgpack.ExtType):
        return {"t": "ext", "code": value.code, "hex": value.data.hex()}
    if isinstance(value, set):
        return {"t": "set", "v": [typed(item) for item in value]}
    if isinstance(value, (list, tuple)):
        return {"t": "array", "v": [typed(item) for item in value]}
    if isinstance(value, dict):
        return {"t": "map", "v": [[typed(key), typed(item)] for key, item in value.items()]}
    if isinstance(value, numpy.ndarray):
        return {"t": "ndarray", "hex": value.tobytes().hex()}
    raise TypeError("no typed JSON for %r" % value)


READERS = {
    "nil": lambda j: None,
    "bool": lambda j: j["v"],
    "int": lambda j: int(j["v"]),
    "f64": lambda j: struct.unpack(">d", bytes.fromhex(j["bits"]))[0],
    "str": lambda j: j["v"],
    "bin": lambda j: bytes.fromhex(j["hex"]),
    "decimal": lambda j: Decimal(j["v"]),
    "uuid": lambda j: uuid.UUID(j["v"]),
    "datetime": lambda j: msgpack.Timestamp(j["s"], j["ns"]),
    "ext": lambda j: msgpack.ExtType(j["code"], bytes.fromhex(j["hex"])),
    "set": lambda j: {untyped(item) for item in j["v"]},
    "array": lambda j: [untyped(item) for item in j["v"]],
    "map": lambda j: {untyped(key): untyped(item) for key, item in j["v"]},
    "ndarray": lambda j: numpy.frombuffer(bytes.fromhex(j["hex"])),
}


def untyped(j):
    """The value that typed JSON stands for."""
    return READERS[j["t"]](j)


def load_script(path):
    """A script is a JSON array of typed values."""
    with open(path) as script:
        return [untyped(value) for value in json.load(script)]


def arguments(**flags):
    """The command line: `name=settings` for each flag, and the time after which the peer gives up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--timeout", type=float, default=60.0)
    for name, settings in flags.items():
        parser.add_argument("--" + name.replace("_", "-"), **settings)
    return parser.parse_args()


def fields(names):
    """A model with these fields, of any type."""
    return {name: object for name in names.split(",")}


def connection(kind, takes, returns, **more):
    return {"connection_type": kind, "required_arguments": takes, "required_return_arguments": returns, **more}


MODELS = {"count": {"a": int}, "prices": {str: Decimal}, "open": dict}


def delta_state(kind, model, options):
    """A delta state whose updates are checked against one of the models, each of which is checked against all of it."""
    return {"state_type": kind, "optional_creation_arguments": options,
            "required_state_arguments": {"current_num": int, "is_snapshot": bool},
            "required_arguments": {"state": MODELS[model]}}


def say(**told):
    """Prints a line while the service runs."""
    print(json.dumps(told), flush=True)


def said_on_stdin():
    """The typed values that whoever started this says, line by line."""
    for line in sys.stdin:
        yield untyped(json.loads(line))


def run_state(side, model, addresses, main=None):
    """Runs a service of the library that has nothing but a state."""
    run({}, {}, main, {side: {"state": model}}, {side: {"state": addresses}})


def run(connections, addresses, main=None, states=None, state_addresses=None):
    """Runs a service of the library. It prints the address of its replyer, if it has one, when it is ready."""
    replyer = importlib.import_module("service_framework.connections.in.replyer")
    make_socket, bound = replyer.get_replyer_socket, []

    def make_and_note(address, context):
        socket = make_socket(address, context)
        bound.append(socket.getsockopt(zmq.LAST_ENDPOINT).decode().rsplit(":", 1)[1])
        return socket

    def ready(to_send, states, config):
        print(json.dumps({"ready": "127.0.0.1:" + bound[0] if bound else None}), flush=True)

    from service_framework import Service
    replyer.get_replyer_socket = make_and_note
    module = types.SimpleNamespace(__name__="peer", connection_models=connections, state_models=states or {},
                                   init_function=ready, main=main)
    # The library's loop spins; a pause leaves the machine to the others.
    service = Service(service_module=module, addresses={"connections": addresses, "states": state_addresses or {}},
                      console_loglevel=None, service_loop_min_wait_time_s=0.001)
    service.run_service_as_main_blocking() if main else service.run_service_blocking()


def stop_soon():
    """Ends the service loop once the reply in hand has left."""
    from service_framework.utils import service_utils

    def stop():
        service_utils.RUN_FLAG = False
    timer = threading.Timer(0.25, stop)
    timer.daemon = True
    timer.start()


def frames_of(name):
    """All messages that a module of the library will unpack, as they come."""
    module = importlib.import_module(name)
    unpack, frames = module.msg_unpack, []

    def unpack_and_keep(message):
        frames.append(unpack(message))
        return frames[-1]
    module.msg_unpack = unpack_and_keep
    return frames


def workflow_ids(frames):
    return [typed(frame.get("workflow_id")) for frame in frames]


def tell(ok, **told):
    """Prints what was seen as the last line, and ends without waiting for what ZeroMQ still has in hand."""
    print(json.dumps({"ok": ok, **told}), flush=True)
    os._exit(0 if ok else 1)


def give_up_in_time(seconds, **told):
    timer = threading.Timer(seconds, lambda: tell(False, error="timeout", **told))
    timer.daemon = True
    timer.start()
