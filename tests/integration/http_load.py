#!/usr/bin/env -S python3 -B
"""Clients of an HTTP server: http_load.py IP:PORT PATH RATE SLOW SECONDS

RATE requests a second on four connections, and SLOW clients that each hold half a header and send a byte of it a
second; one that is closed comes again, at most a thousand a second. At the end, or at "stop" on standard input, a line
of JSON says how many were answered."""
import json
import resource
import select
import selectors
import socket
import sys
import time

CONNECTIONS = 4
TICK = 0.01
AGAIN_A_TICK = 10


class Asking:
    """Requests one behind the other, without waiting for answers."""

    def __init__(self, to, path):
        self.socket = socket.create_connection(to)
        self.socket.setblocking(False)
        self.request = f"GET {path} HTTP/1.1\r\nHost: {to[0]}:{to[1]}\r\n\r\n".encode()
        self.unsent = b""
        self.rest = b""
        self.asked = self.answered = self.refused = 0

    def ask(self, count):
        self.asked += count
        self.unsent += self.request * count
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent):]
        except BlockingIOError:
            pass

    def read(self):
        try:
            text = self.rest + self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        self.answered += text.count(b"HTTP/1.1 200")
        self.refused += text.count(b"HTTP/1.1 429") + text.count(b"HTTP/1.1 503")
        self.rest = text[-11:]  # a status line may begin here: they are a byte longer


class Slow:
    """Half a header each."""

    def __init__(self, to, count):
        self.to, self.missing = to, count
        self.selector = selectors.DefaultSelector()
        self.opened = self.closed = 0

    def open_some(self, most):
        for _ in range(min(most, self.missing)):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(self.to)
            self.selector.register(client, selectors.EVENT_READ)
            self.opened += 1
            self.missing -= 1

    def look(self):
        for key, _ in self.selector.select(0):
            self.selector.unregister(key.fileobj)
            key.fileobj.close()
            self.closed += 1
            self.missing += 1

    def say(self, text):
        for key in list(self.selector.get_map().values()):
            try:
                key.fileobj.send(text)
            except OSError:
                pass


def main(to, path, rate, slow, seconds):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asking = [Asking(to, path) for _ in range(CONNECTIONS)] if rate else []
    crowd = Slow(to, slow)
    crowd.open_some(slow)
    began = spoke = time.monotonic()
    while (now := time.monotonic()) < began + seconds:
        owed = rate * (now - began) - sum(each.asked for each in asking)
        for each in asking:
            each.ask(int(owed / CONNECTIONS))
            each.read()
        crowd.look()
        crowd.open_some(AGAIN_A_TICK)
        if now - spoke > 1:
            crowd.say(b"GET / HTTP/1.1\r\nA: b" if spoke == began else b"b")
            spoke = now
        if select.select([sys.stdin], [], [], max(0, TICK - (time.monotonic() - now)))[0]:
            break
    time.sleep(0.2)
    for each in asking:
        each.read()
    took = time.monotonic() - began
    answered = sum(each.answered for each in asking)
    print(json.dumps({"asked": sum(each.asked for each in asking), "answered": answered,
                      "refused": sum(each.refused for each in asking), "a_second": round(answered / took),
                      "slow_opened": crowd.opened, "slow_closed": crowd.closed}))


if __name__ == "__main__":
    ip, port = sys.argv[1].rsplit(":", 1)
    main((ip, int(port)), sys.argv[2], *(int(each) for each in sys.argv[3:6]))
