"""Waiting for conditions, and what a rehearsal says when one does not come about."""
import time

# Nothing here is expected to take this long; a machine under load must not fail a rehearsal.
LIMIT_S = 300
POLL_S = 0.05


class Failed(Exception):
    """A promise was not kept; the text says which, and the counts."""


def until(condition, what, limit_s=LIMIT_S):
    """The first true value of condition(), which is asked again and again; Failed, naming `what`, after `limit_s`."""
    end = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"waited in vain: {what}")
        time.sleep(POLL_S)


def expect(kept, what):
    if not kept:
        raise Failed(what)
