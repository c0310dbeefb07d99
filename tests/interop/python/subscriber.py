"""Prints each message, and at the end what the first n held: it connects, or with --bind listens (is_binder)."""
from common import *

a = arguments(addr={"required": True}, n={"type": int, "required": True}, topic={}, bind={"action": "store_true"})
frames = frames_of("service_framework.connections.in.subscriber")


def on_new_message(args, to_send, states, config):
    say(heard=typed(args["payload"]))
    if len(frames) >= a.n:
        stop_soon()


options = {"is_binder": a.bind, **({"topic": a.topic} if a.topic else {})}
model = {"connection_type": "subscriber", "required_creation_arguments": {"on_new_message": on_new_message},
         "optional_creation_arguments": options, "required_arguments": fields("payload")}
give_up_in_time(a.timeout, received=frames)
run({"in": {"hear": model}}, {"in": {"hear": {"subscriber": a.addr}}})
tell(True, received=[typed(frame["args"]) for frame in frames], workflow_ids=workflow_ids(frames))
