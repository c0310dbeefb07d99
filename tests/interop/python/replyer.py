"""Answers n requests with `{"echo": payload}`, or with --fields with the whole arguments, and prints what it received.
With --die it ends in the middle of the first request, as a crash would end it."""
from common import *

a = arguments(addr={"default": "127.0.0.1:0"}, n={"type": int, "default": 1 << 60}, fields={}, die={"action": "store_true"})
frames = frames_of("service_framework.connections.in.replyer")


def on_new_request(args, to_send, states, config):
    if a.die:
        os._exit(3)
    if len(frames) >= a.n:
        stop_soon()
    return args if a.fields else {"echo": args["payload"]}


model = connection("replyer", fields(a.fields or "payload"), fields(a.fields or "echo"),
                   required_creation_arguments={"on_new_request": on_new_request})
give_up_in_time(a.timeout)
run({"in": {"reply": model}}, {"in": {"reply": {"replyer": a.addr}}})
tell(True, received=[typed(frame["args"]) for frame in frames], workflow_ids=workflow_ids(frames))
