# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that misbehaves on demand: cuts, stalls, delays, throttles."""

import contextlib
import selectors
import socket
import threading
import time


class Proxy:
    """Forwards 127.0.0.1:port to a target; faults may be set and cleared while it runs.

    cut_after   bytes from the target after which a connection is closed (each connection anew)
    cut_times   how many connections are cut at most (None: every one)
    stalled     nothing is forwarded in either direction while true
    refuse      new connections are closed at once while true
    rate        bytes a second from the target, or None
    """

    BLOCK = 16384

    def __init__(self, target_port, target_host="127.0.0.1"):
        self.target = (target_host, target_port)
        self.cut_after = None
        self.cut_times = None
        self.stalled = False
        self.refuse = False
        self.rate = None
        self.cuts = 0
        self.connections = 0
        self.bytes_from_target = 0
        self._live = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._stopping = False
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._stopping = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()
        self._thread.join(5)

    def cut_all(self):
        """Closes every connection that is open now."""
        with self._lock:
            live = list(self._live)
        for connection in live:
            _close(connection)

    def retarget(self, port):
        self.target = (self.target[0], port)

    def _accept(self):
        while not self._stopping:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuse:
                _close(client)
                continue
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(self.target, 10)
        except OSError:
            _close(client)
            return
        with self._lock:
            self._live |= {client, server}
        try:
            self._pump(client, server)
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._live -= {client, server}
            for connection in (client, server):
                _close(connection)

    def _pump(self, client, server):
        passed = 0
        started = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while not self._stopping:
                ready = selector.select(0.05)
                if self.stalled:
                    time.sleep(0.02)
                    continue
                for key, _ in ready:
                    source, sink = key.fileobj, key.data
                    data = source.recv(self.BLOCK)
                    if not data:
                        selector.unregister(source)
                        sink.shutdown(socket.SHUT_WR)
                        if not selector.get_map():
                            return
                        continue
                    if source is server:
                        passed, cut = self._from_target(sink, data, passed, started)
                        if cut:
                            return
                    else:
                        sink.sendall(data)

    def _from_target(self, client, data, passed, started):
        limit = self.cut_after
        if limit is not None and passed + len(data) > limit and self._may_cut():
            client.sendall(data[: max(0, limit - passed)])
            return passed, True
        client.sendall(data)
        passed += len(data)
        self.bytes_from_target += len(data)
        if self.rate:
            ahead = passed / self.rate - (time.monotonic() - started)
            if ahead > 0:
                time.sleep(min(ahead, 1))
        return passed, False

    def _may_cut(self):
        with self._lock:
            if self.cut_times is not None and self.cuts >= self.cut_times:
                return False
            self.cuts += 1
            return True


def _close(connection):
    """Closes in both directions, whatever was on its way."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        connection.close()
