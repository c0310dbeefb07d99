"""Asks the next one three times over for each request, and answers with the three answers."""
from common import *

a = arguments(addr={"default": "127.0.0.1:0"}, next={"required": True})


def on_new_request(args, to_send, states, config):
    return {"echo": [to_send("connection", "next", args)["echo"] for _ in range(3)]}


takes, returns = fields("payload"), fields("echo")
model = connection("replyer", takes, returns, required_creation_arguments={"on_new_request": on_new_request})
give_up_in_time(a.timeout)
run({"in": {"reply": model}, "out": {"next": connection("requester", takes, returns)}},
    {"in": {"reply": {"replyer": a.addr}}, "out": {"next": {"requester": a.next}}})
tell(False, error="the relay ended by itself")
