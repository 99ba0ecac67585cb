"""The machine's own tools (ip, iptables, ipset …), several at once, each within a namespace."""

import os

SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": SEARCH, "LC_ALL": "C"}


class Failure(Exception):
    """A step of building that the machine refused; the fields are those of the answer."""

    def __init__(self, stage, netns, stderr, error=None):
        super().__init__(stderr)
        self.answer = {"error": error or f"{stage} failed", "stage": stage, "netns": netns, "stderr": stderr}


def located(tool):
    """Where a tool lies, or None."""
    for folder in SEARCH.split(":"):
        path = f"{folder}/{tool}"
        if os.access(path, os.X_OK):
            return path
    return None


def _memory(name, content=b""):
    fd = os.memfd_create(name)
    if content:
        os.write(fd, content)
        os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _content(fd):
    return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")


class Run:
    """A tool at work in a namespace; its streams are files in memory, so nothing ever waits for a reader."""

    def __init__(self, netns, argv, stdin=""):
        path = located(argv[0])
        if path is None:
            raise Failure("tools", netns.name, f"{argv[0]}: not found")
        self.netns, self.argv = netns, argv
        self.files = (_memory("in", stdin.encode()), _memory("out"), _memory("err"))
        actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(self.files)]
        with netns:
            self.pid = os.posix_spawn(path, argv, ENVIRONMENT, file_actions=actions)

    def finish(self):
        """Waits for the end; (exit code, standard output, standard error)."""
        _, status = os.waitpid(self.pid, 0)
        _, out, err = self.files
        answer = os.waitstatus_to_exitcode(status), _content(out), _content(err)
        for fd in self.files:
            os.close(fd)
        return answer


def start(stage, netns, argv, stdin=""):
    """Starts a tool that has to succeed; the function that is returned waits for it and gives its output."""
    run = Run(netns, argv, stdin)

    def output():
        code, out, err = run.finish()
        if code != 0:
            raise Failure(stage, netns.name, err.strip() or f"{' '.join(argv)}: exit code {code}")
        return out

    return output


def all_of(started):
    """Waits for all tools that were started, and only then lets the first failure out."""
    failed, outputs = None, []
    for output in started:
        try:
            outputs.append(output())
        except Failure as failure:
            failed = failed or failure
    if failed:
        raise failed
    return outputs
