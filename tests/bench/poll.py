# SPDX-License-Identifier: Apache-2.0
"""poll [SECONDS]: a device asks whether anything is new and is told no, authenticated; every
request is another device's. Peer: nginx `return 304` with as many workers, the same requests from
the same wrk."""

import re
import subprocess
import sys

import benchlib
from ferry import paths
from ferry.wait import wait_until

ROUNDS = 5
DEVICES = 10000
CONNECTIONS = 64

SCRIPT = """
local requests, at = {}, 0
function init(args)
  for token in io.lines("%s") do
    requests[#requests + 1] = wrk.format("GET", "/device/v1/state", {
      ["Host"] = "bench", ["Authorization"] = "Bearer " .. token,
      ["If-None-Match"] = "*"})
  end
end
function request()
  at = at %% #requests + 1
  return requests[at]
end
"""


def wrk(script, port, seconds):
    said = subprocess.run(["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script,
                           f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s*([0-9.]+)", said.stdout)
    assert found and "Non-2xx or 3xx" not in said.stdout and "Socket errors" not in said.stdout, (
        said.stdout)
    return float(found[1])


def start_nginx(directory, port):
    config = directory / "nginx.conf"
    config.write_text(f"""
        worker_processes 2; daemon off; pid {directory}/nginx.pid; error_log stderr crit;
        events {{ worker_connections 1024; }}
        http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
            client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
            fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi;
            scgi_temp_path {directory}/scgi;
            server {{ listen 127.0.0.1:{port}; location / {{ return 304; }} }} }}""")
    return subprocess.Popen(["nginx", "-c", config, "-p", directory])


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    print(benchlib.machine())
    directory = paths.scratch("poll")
    port = paths.free_port()
    with benchlib.served({"device": {"connections_per_ip": 0}}) as (server, _, database):
        tokens = benchlib.devices(database, DEVICES)
        (directory / "tokens").write_text("\n".join(tokens) + "\n")
        script = directory / "poll.lua"
        script.write_text(SCRIPT % (directory / "tokens"))
        last = server.device(tokens[-1])
        wait_until(lambda: last.get("/device/v1/state").status == 200, 60)
        nginx = start_nginx(directory, port)
        try:
            wait_until(lambda: (directory / "nginx.pid").exists(), 20)
            rounds = []
            used = [[], []]

            def run(which, pid, at):
                before = benchlib.cpu_seconds(pid)
                rate = wrk(script, at, seconds)
                used[which].append((benchlib.cpu_seconds(pid) - before) * 1e6 / (rate * seconds))
                return rate

            for number in range(ROUNDS):
                rounds.append((run(0, server.process.pid, server.device_port),
                               run(1, nginx.pid, port)))
                print(f"round {number + 1}: ours {rounds[-1][0]:.0f}/s, nginx {rounds[-1][1]:.0f}/s")
        finally:
            nginx.terminate()
            nginx.wait(20)
    print(f"CPU a request: ours {benchlib.median(used[0]):.1f} us, "
          f"nginx {benchlib.median(used[1]):.1f} us")
    benchlib.result("poll", benchlib.median(ours for ours, _ in rounds), "requests/s",
                    benchlib.median(peer for _, peer in rounds), 1.0, at_most=False)


if __name__ == "__main__":
    main()
