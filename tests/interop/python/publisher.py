"""Publishes each value of a script as `{"payload": value}`: it listens, or with --connect connects to a bus or to a
subscriber that listens (is_x_pub). The library knows no readiness, so it waits first."""
import time

from common import *

a = arguments(addr={"required": True}, script={"required": True}, topic={}, connect={"action": "store_true"},
              wait={"type": float, "default": 1.0})
values = load_script(a.script)


def main(to_send, config):
    for value in values:
        to_send("connection", "publish", {"payload": value})
    # What was sent leaves while the process lives.
    time.sleep(0.5)


options = {"is_x_pub": a.connect, "wait_after_creation_s": a.wait, **({"topic": a.topic} if a.topic else {})}
model = {"connection_type": "publisher", "optional_creation_arguments": options, "required_arguments": fields("payload")}
give_up_in_time(a.timeout)
run({"out": {"publish": model}}, {"out": {"publish": {"publisher": a.addr}}}, main)
tell(True, sent=len(values))
