"""The desk of the benchmarks as a service of the Python library, on the port that its argument names."""
import sys
import types
from decimal import Decimal

from service_framework import Service


def on_new_request(args, to_send, states, config):
    return {"symbol": args["symbol"], "notional": args["price"] * args["quantity"], "sequence": args["sequence"]}


model = {
    "connection_type": "replyer",
    "required_creation_arguments": {"on_new_request": on_new_request},
    "required_arguments": {
        "price": Decimal, "quantity": Decimal, "symbol": str, "order_id": str, "sequence": int, "time": object},
    "required_return_arguments": {"symbol": str, "notional": Decimal, "sequence": int},
}
Service(
    service_module=types.SimpleNamespace(__name__="desk", connection_models={"in": {"desk": model}}),
    addresses={"connections": {"in": {"desk": {"replyer": "127.0.0.1:" + sys.argv[1]}}}},
    console_loglevel=None,
).run_service_blocking()
