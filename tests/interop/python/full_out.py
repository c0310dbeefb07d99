"""Owns a full update state with the strict model of a count, and sends each line of its input: the typed value."""
from common import *

a = arguments(addr={"required": True}, topic={}, connect={"action": "store_true"})


def main(to_send, config):
    for value in said_on_stdin():
        to_send("state", "state", value)
        say(sent=typed(value))


options = {"is_x_pub": a.connect, **({"topic": a.topic} if a.topic else {})}
model = {"state_type": "full_update_out", "optional_creation_arguments": options, "required_arguments": MODELS["count"]}
give_up_in_time(a.timeout)
run_state("out", model, {"publisher": a.addr}, main)
