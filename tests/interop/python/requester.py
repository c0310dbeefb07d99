"""Sends each value of a script and prints the replies: as `{"payload": value}`, or with --fields as the whole arguments."""
from common import *

a = arguments(addr={"required": True}, script={"required": True}, fields={}, returns={"default": "echo"})
values, replies = load_script(a.script), []
frames = frames_of("service_framework.connections.out.requester")


def main(to_send, config):
    # The library makes its socket anew in a second thread at the start.
    for thread in threading.enumerate():
        if type(thread) is threading.Thread:
            thread.join()
    for value in values:
        replies.append(typed(to_send("connection", "request", value if a.fields else {"payload": value})))


model = connection("requester", fields(a.fields or "payload"), fields(a.returns) if a.returns else {})
give_up_in_time(a.timeout, replies=replies)
error = None
try:
    run({"out": {"request": model}}, {"out": {"request": {"requester": a.addr}}}, main)
except Exception as raised:
    error = "%s: %s" % (type(raised).__name__, raised)
tell(error is None, error=error, replies=replies, workflow_ids=workflow_ids(frames), errors=[frame.get("error") for frame in frames])
