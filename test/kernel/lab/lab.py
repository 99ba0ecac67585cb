"""
The lab: answers what the kernel of this machine does with packets.

Reads one request per line from standard input and writes one answer per line, both JSON; protocol.ts has their types. All
it makes lies in network namespaces of its own, which vanish with the process, however that ends.
"""

import json
import os
import platform
import sys
import time

sys.dont_write_bytecode = True

from case import Case  # noqa: E402
from kernel import move_to_private_home  # noqa: E402
from links import world_up  # noqa: E402
from reaper import Reaper  # noqa: E402
from sending import Marker, Sender  # noqa: E402
from settings import NO_IPV6, write  # noqa: E402
from snapshot import conntrack_of  # noqa: E402
from tools import Failure, Run, located  # noqa: E402

NEEDED = ("ip", "bridge", "ipset", "conntrack")
ALONE = {"backend": "legacy", "namespaces": [{"name": "probe", "rules": "*filter\nCOMMIT\n"}]}


class Lab:
    """Builds cases, one at a time, and sends into them."""

    def __init__(self):
        self.case = self.sender = None
        self.missing = self._moved()

    def _moved(self):
        """Moves into the lab's own namespaces; what hindered it, in words."""
        if os.geteuid() != 0:
            return "needs root"
        try:
            move_to_private_home()
            write(NO_IPV6)
            world_up()
            self.marker, self.reaper = Marker(), Reaper()
        except OSError as error:
            return f"cannot make namespaces: {error.strerror}"
        absent = [tool for tool in NEEDED if not located(tool)]
        return f"needs {', '.join(absent)}" if absent else None

    def answer(self, request):
        if self.missing:
            return {"error": self.missing}
        operation = getattr(self, f"op_{request.get('op')}", None)
        if not operation:
            return {"error": f"no such request: {request.get('op')}"}
        return operation(request)

    def op_probe(self, _):
        failures = {backend: self._failure(backend) for backend in ("legacy", "nft")}
        backends = [backend for backend, failure in failures.items() if not failure]
        if not backends:
            return {"error": "; ".join(f"{backend}: {failure}" for backend, failure in failures.items())}
        return {"ok": True, "kernel": platform.release().partition("-")[0], "backends": backends}

    def _failure(self, backend):
        """Why rules cannot be loaded and traced with a backend, or None."""
        try:
            self.reaper.take(Case({**ALONE, "backend": backend}))
        except Failure as failure:
            return str(failure)
        except OSError as error:
            return error.strerror
        return None

    def op_build(self, request):
        self.op_close({})
        self.case = Case(request)
        self.sender = Sender(self.case, self.marker)
        return {"snapshot": self.case.snapshot()}

    def op_send(self, request):
        self._netns(request)
        return self.sender.send(request)

    def op_conntrack(self, request):
        return {"text": conntrack_of(self._netns(request))}

    def op_run(self, request):
        code, out, err = Run(self._netns(request), request["argv"], request.get("stdin", "")).finish()
        return {"code": code, "stdout": out, "stderr": err}

    def _netns(self, request):
        netns = self.case and self.case.netns.get(request["netns"])
        if not netns:
            raise ValueError(f"no such namespace: {request['netns']}")
        return netns

    def op_sleep(self, request):
        time.sleep(request["ms"] / 1000)
        return {}

    def op_close(self, _):
        if self.case:
            self.reaper.take(self.case)
        self.case = self.sender = None
        return {}


def main():
    lab = Lab()
    for line in sys.stdin:
        try:
            answer = lab.answer(json.loads(line))
        except Failure as failure:
            answer = failure.answer
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


main()
