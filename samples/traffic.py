"""The programs whose packets the stories record: a server and a client of one exchange, bounded in time."""
import socket
import sys
import time

SERVE_SECONDS = 15
WAIT_SECONDS = 0.8


def serve(protocol, address, port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    end = time.monotonic() + SERVE_SECONDS
    if protocol == "tcp":
        listener.listen()
    while time.monotonic() < end:
        listener.settimeout(max(0.01, end - time.monotonic()))
        try:
            if protocol == "udp":
                data, peer = listener.recvfrom(2048)
                listener.sendto(b"hello " + data, peer)
                continue
            connection, _ = listener.accept()
        except TimeoutError:
            return
        with connection:
            connection.settimeout(WAIT_SECONDS)
            try:
                connection.sendall(b"hello " + connection.recv(2048))
            except OSError:
                pass


def request(protocol, source_port, address, port):
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.settimeout(WAIT_SECONDS)
    client.bind(("", source_port))
    client.connect((address, port))
    client.sendall(b"world\n")
    while client.recv(2048) and protocol == "tcp":
        pass


if sys.argv[1] == "serve":
    serve(sys.argv[2], sys.argv[3], int(sys.argv[4]))
else:
    request(sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
