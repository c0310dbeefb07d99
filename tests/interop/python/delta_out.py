"""Owns a delta state, and sends each line of its input: typed arguments with `current_num`, `is_snapshot` and `state`."""
from common import *

a = arguments(pub={"required": True}, rep={"required": True}, topic={}, connect={"action": "store_true"},
              model={"choices": MODELS, "default": "open"})


def main(to_send, config):
    for args in said_on_stdin():
        to_send("state", "state", args)
        say(number=args["current_num"])


options = {"is_x_pub": a.connect, **({"topic": a.topic} if a.topic else {})}
give_up_in_time(a.timeout)
run_state("out", delta_state("delta_update_out", a.model, options), {"publisher": a.pub, "replyer": a.rep}, main)
