# SPDX-License-Identifier: Apache-2.0
"""download [MiB]: one artifact from a warm cache, authenticated. Peer: nginx with sendfile and the
same file. The client of both is curl."""

import subprocess
import sys

import benchlib
import upload
from ferry import paths
from ferry.wait import wait_until

ROUNDS = 9


def start_nginx(directory, port):
    config = directory / "nginx.conf"
    config.write_text(f"""
        worker_processes 2; daemon off; pid {directory}/nginx.pid; error_log stderr crit; user root;
        events {{ worker_connections 1024; }}
        http {{ access_log off; sendfile on; tcp_nopush on; root {directory};
            client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
            fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi;
            scgi_temp_path {directory}/scgi;
            server {{ listen 127.0.0.1:{port}; }} }}""")
    return subprocess.Popen(["nginx", "-c", config, "-p", directory])


def fetch(url, token, size):
    done = subprocess.run(
        ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{size_download} %{time_total}",
         "-H", f"Authorization: Bearer {token}", url], capture_output=True, text=True, check=True)
    status, got, seconds = done.stdout.split()
    assert (status, int(got)) == ("200", size), done.stdout
    return size / (1 << 20) / float(seconds)


def main():
    size = (int(sys.argv[1]) if len(sys.argv) > 1 else 256) << 20
    print(benchlib.machine())
    directory = paths.scratch("download")
    digest = upload.write_noise(directory / "model", size)
    port = paths.free_port()
    rates = {"ours": [], "peer": []}
    with benchlib.served() as (server, admin, _):
        upload.ours(server, admin.token, directory / "model", digest)
        target = f"{server.url()}/api/v1/artifacts/{digest}"
        fetch(target, admin.token, size)
        wait_until(lambda: (server.directory / "server-cache" / digest).exists(), 120)
        nginx = start_nginx(directory, port)
        try:
            peer = f"http://127.0.0.1:{port}/model"
            wait_until(lambda: subprocess.run(["curl", "-sf", "-o", "/dev/null", "-I", peer],
                                              check=False).returncode == 0, 20)
            for number in range(ROUNDS + 1):
                for name in ("ours", "peer") if number % 2 else ("peer", "ours"):
                    rate = fetch(target if name == "ours" else peer, admin.token, size)
                    if number > 0:
                        rates[name].append(rate)
        finally:
            nginx.terminate()
            nginx.wait()
    subprocess.run(["rm", "-r", str(directory)], check=True)
    benchlib.result("download", benchlib.median(rates["ours"]), "MiB/s",
                    benchlib.median(rates["peer"]), goal=1.0, at_most=False)


if __name__ == "__main__":
    main()
