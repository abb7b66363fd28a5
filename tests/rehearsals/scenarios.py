"""What is rehearsed. Each returns the counts that it saw, or raises Failed; none depends on how fast the machine is."""
import signal

from conditions import expect, until
from service import three_servers

# Connections of the clients live this long where servers are added: long enough for every one to carry calls.
SHORT_AGE = ("--max-connection-age", "2s")


def _failures(report):
    codes = ", ".join(f"{count} {code}" for code, count in report["errors"].items())
    return f"{report['calls']} calls, {report['failed']} failed" + (f" ({codes})" if codes else "")


def _expect_none_failed(report, what):
    expect(report["failed"] == 0, f"{what}: {_failures(report)}, and none may")
    return f"{what}: {_failures(report)}"


def rollout(binaries, make_way, calls, rounds):
    """Every server is replaced, as in a rolling update: a new one is ready, then the old one is stopped by SIGTERM.

    Nothing waits for the callers to notice, as Kubernetes does not either.
    """
    with three_servers(binaries, make_way) as (service, way):
        load = service.load(way, "load")
        service.wait_for_calls(service.servers, calls)
        for _ in range(rounds):
            for old in list(service.servers):
                new = service.start_server()
                new.wait_until_ready()
                service.publish([*(server for server in service.servers if server is not old), new])
                old.signal(signal.SIGTERM)
                code = old.wait()
                expect(code == 0, f"{old.name} was stopped by SIGTERM and ended with exit code {code}")
        service.wait_for_calls(service.servers, calls)
        return [_expect_none_failed(load.finish(), f"{3 * rounds} drained and replaced")]


def kill(binaries, make_way, calls, rounds):
    """A server is killed while calls wait in it; it comes back under its old address."""
    with three_servers(binaries, make_way) as (service, way):
        load = service.load(way, "load")
        service.wait_for_calls(service.servers, calls)
        for _ in range(rounds):
            victim, *others = service.servers
            # Stopped first, so that it certainly takes calls with it.
            victim.signal(signal.SIGSTOP)
            until(victim.has_unread_calls, f"calls wait in {victim.name}")
            victim.kill()
            service.wait_for_calls(others, calls)
            successor = service.start_on(victim.host)
            successor.wait_until_ready()
            service.servers = [*others, successor]
            service.wait_for_calls(service.servers, calls)
        return [_expect_none_failed(load.finish(), f"{rounds} killed with calls in it")]


def scale(binaries, make_way, calls, rounds):
    """Servers are added under load; each gets its share of the calls."""
    with three_servers(binaries, make_way, *SHORT_AGE) as (service, way):
        load = service.load(way, "load")
        service.wait_for_calls(service.servers, calls)
        for _ in range(rounds):
            added = service.start_server(*SHORT_AGE)
            added.wait_until_ready()
            service.publish([*service.servers, added])
            service.wait_for_calls([added], 1)
            shares = _shares(service, calls * len(service.servers))
        fair = sum(shares) / len(shares)
        expect(2 * shares[-1] >= fair, f"the added server got {shares[-1]} of {sum(shares)} calls, not half its share")
        return [_expect_none_failed(load.finish(), f"{rounds} added to 3"),
                f"the last one answered {shares[-1]} of {sum(shares)}, a fair share being {fair:.0f}"]


def _shares(service, calls):
    """How many of the next `calls` calls each server answers."""
    for server in service.servers:
        server.mark()
    return until(lambda: (lambda counts: sum(counts) >= calls and counts)([s.calls() for s in service.servers]),
                 f"{calls} calls are answered")


def cut_off(binaries, make_way, calls, rounds):
    """The network loses all packets of one server for a while: nobody is told, and no connection breaks by itself.

    The promise: only calls fail whose deadline is shorter than the time in which the loss is noticed (10 s: the client's
    TCP user timeout); others are tried again elsewhere. They fail with DEADLINE_EXCEEDED, or with RESOURCE_EXHAUSTED where
    one of the remaining servers sees that it cannot keep the deadline. Afterwards nothing is sent there, until it is back.
    """
    with three_servers(binaries, make_way) as (service, way):
        patient = service.load(way, "patient", "--deadline-ms", 60_000)
        hasty = service.load(way, "hasty", "--deadline-ms", 1_000)
        service.wait_for_calls(service.servers, calls)
        for _ in range(rounds):
            lost, *others = service.servers
            lost.host.cut_off()
            until(lambda: way.caller.waits_for(lost.host), f"calls wait for {lost.name}")
            until(lambda: not way.caller.waits_for(lost.host), f"the connections to {lost.name} are given up")
            service.wait_for_calls(others, calls)
            expect(not way.caller.waits_for(lost.host), f"calls still go to {lost.name}")
            lost.host.heal()
            service.wait_for_calls(service.servers, calls)
        late = hasty.finish()
        expect(set(late["errors"]) <= {"DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"}, f"deadline of 1 s: {_failures(late)}")
        return [_expect_none_failed(patient.finish(), "deadline of 60 s"), f"deadline of 1 s: {_failures(late)}"]


EVENTS = {"rollout": rollout, "kill": kill, "scale": scale, "cut-off": cut_off}
