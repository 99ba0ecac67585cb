"""Closes what cases have left open, aside: the kernel lets everyone wait who closes a packet socket (af_packet.c, packet_release)."""

import queue
import threading

# More cases than this do not wait to be closed; then who brings one waits.
WAITING = 4


class Reaper:
    """A thread that closes what it is given, in order."""

    def __init__(self):
        self.queue = queue.Queue(WAITING)
        threading.Thread(target=self._run, daemon=True).start()

    def take(self, thing):
        self.queue.put(thing)

    def _run(self):
        while True:
            self.queue.get().close()
