"""Holds a copy of a full update state with the strict model of a count, and prints it after each message."""
from common import *

a = arguments(addr={"required": True}, topic={}, bind={"action": "store_true"})


def on_update(args, to_send, states, config):
    say(state=typed(states["state"]))


options = {"is_binder": a.bind, "model_function": on_update, **({"topic": a.topic} if a.topic else {})}
model = {"state_type": "full_update_in", "optional_creation_arguments": options, "required_arguments": MODELS["count"]}
give_up_in_time(a.timeout)
run_state("in", model, {"subscriber": a.addr})
