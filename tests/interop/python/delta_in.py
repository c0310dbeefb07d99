"""Holds a copy of a delta state, and prints it after each message that it accepts."""
from common import *

a = arguments(sub={"required": True}, rep={"required": True}, topic={}, model={"choices": MODELS, "default": "open"})
copy = importlib.import_module("service_framework.states.in.delta_update_in").DeltaUpdateIn
update, reset, resets = copy.update_state, copy._reset_state, []


def reset_and_count(self):
    resets.append(1)
    reset(self)


def update_and_say(self, args):
    update(self, args)
    say(state=typed(self.current_state), number=self.current_num, resets=len(resets), is_snapshot=args["is_snapshot"])


copy._reset_state, copy.update_state = reset_and_count, update_and_say
give_up_in_time(a.timeout)
run_state("in", delta_state("delta_update_in", a.model, {"topic": a.topic} if a.topic else {}),
          {"subscriber": a.sub, "requester": a.rep})
