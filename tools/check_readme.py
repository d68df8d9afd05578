#!/usr/bin/python3
"""Runs the commands of README.md as a reader would, against build/release.

    tools/check_readme.py [--build DIR] [FILE]

Fenced blocks are marked by the word after the language:

    ```sh serve     one command, from the top of the checkout; left running until the end of the file,
                    once http://127.0.0.1:6480/healthz answers; then SIGTERM must end it in good order
    ```sh run       every line must succeed; run in a scratch folder with the built programs in PATH

Other blocks are not run. Everything happens in a network namespace of its own where the system allows
that, so a server that already uses the port is in nobody's way. Exit status 77: the program is not built.
"""

import argparse
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEALTH = "http://127.0.0.1:6480/healthz"
SECONDS_TO_SERVE = 300  # tools/demo may have to build first
SECONDS_PER_BLOCK = 60
SECONDS_TO_STOP = 5
FENCE = re.compile(r"^```(?:sh|bash|console) (serve|run)\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)


def enter_namespace():
    """Starts this script again in a network namespace with a loopback of its own, if possible."""
    if os.environ.get("LENSWIRE_README_NAMESPACE"):
        return
    os.environ["LENSWIRE_README_NAMESPACE"] = "1"
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    inside = "ip link set lo up && exec \"$@\""
    with contextlib.suppress(FileNotFoundError):
        if subprocess.run([*unshare, "ip", "link", "set", "lo", "up"], capture_output=True, check=False).returncode == 0:
            os.execvp(unshare[0], [*unshare, "sh", "-c", inside, "sh", sys.executable, *sys.argv])


def healthy():
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(HEALTH, timeout=2).status == 200
    return False


def tail(log):
    log.seek(0)
    return "".join(f"    {line}" for line in log.read().decode(errors="replace").splitlines(True)[-20:])


def serve(command, environment, log):
    """Starts the command in a session of its own; the process, or None with the reason printed."""
    server = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                              stdout=log, stderr=log, start_new_session=True)
    deadline = time.monotonic() + SECONDS_TO_SERVE
    while not healthy():
        if server.poll() is not None:
            print(f"FAILED: {command}: ended with {server.returncode}\n{tail(log)}")
            return None
        if time.monotonic() > deadline:
            print(f"FAILED: {command}: {HEALTH} does not answer after {SECONDS_TO_SERVE} s\n{tail(log)}")
            kill_session(server)
            return None
        time.sleep(0.1)
    print(f"ok: {command}")
    return server


def kill_session(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def stop(server, log):
    server.send_signal(signal.SIGTERM)
    try:
        status = server.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        print(f"FAILED: the server runs on {SECONDS_TO_STOP} s after SIGTERM")
        kill_session(server)
        return False
    if status != 0:
        print(f"FAILED: the server ended with {status} after SIGTERM\n{tail(log)}")
    return status == 0


def run(block, scratch, environment):
    shell = subprocess.Popen(["bash", "-euxo", "pipefail", "-c", block], cwd=scratch, env=environment,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True)
    try:
        output, _ = shell.communicate(timeout=SECONDS_PER_BLOCK)
    except subprocess.TimeoutExpired:
        kill_session(shell)
        print(f"FAILED: not done after {SECONDS_PER_BLOCK} s:\n{block}")
        return False
    verdict = "ok" if shell.returncode == 0 else f"FAILED ({shell.returncode})"
    print(f"{verdict}:\n{output.decode(errors='replace')}")
    return shell.returncode == 0


def check(text, build):
    environment = dict(os.environ, PATH=f"{build / 'bin'}:{os.environ['PATH']}")
    good, server, blocks = True, None, FENCE.findall(text)
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile() as log:
        for kind, block in blocks:
            if kind == "serve" and server is None:
                server = serve(block.strip(), environment, log)
                good = good and server is not None
            elif kind == "serve":
                print("FAILED: a second `serve` block; one server is enough for a README")
                good = False
            else:
                good = good and run(block, scratch, environment)
        if server:
            good = stop(server, log) and good
    if not blocks:
        print("FAILED: no block is marked `sh run` or `sh serve`")
    return good and bool(blocks)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("file", nargs="?", type=pathlib.Path, default=ROOT / "README.md")
    options = parser.parse_args()
    if not (options.build / "bin/lenswire").exists():
        print(f"skipped: {options.build}/bin/lenswire is not built")
        return 77
    enter_namespace()
    sys.stdout.reconfigure(line_buffering=True)
    return 0 if check(options.file.read_text(encoding="utf-8"), options.build.resolve()) else 1


if __name__ == "__main__":
    sys.exit(main())
