"""What all benches need: the binary, servers that are started, watched and stopped, the machine's state."""

import contextlib
import functools
import json
import os
import pathlib
import resource
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUSE = 120  # seconds that one program may take before it counts as hung
FILES = 40_000  # how many files a server may open, where the system allows as many


class Failed(Exception):
    """A program did something else than what was to be measured."""


def open_many_files():
    """Raises the limit of this process and of those that it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < 11_000:
        print(f"only {most} files may be open here: rows of 5,000 connections may fail", flush=True)


def target():
    metadata = subprocess.run(["cargo", "metadata", "--format-version=1", "--no-deps"], cwd=ROOT, check=True,
                              stdout=subprocess.PIPE).stdout
    return pathlib.Path(json.loads(metadata)["target_directory"])


def tlslab():
    """The release binary, built; or what BENCH_TLSLAB names."""
    if named := os.environ.get("BENCH_TLSLAB"):
        return named
    subprocess.run(["cargo", "build", "--quiet", "--release", "--bin", "tlslab"], cwd=ROOT, check=True)
    return str(target() / "release/tlslab")


def example(name):
    """Something that is measured with, as it is built for tests, and in a build of its own: in one with the binary it
    would bring the features of test-only dependencies into what is measured."""
    subprocess.run(["cargo", "build", "--quiet", "--example", name], cwd=ROOT, check=True)
    return str(target() / f"debug/examples/{name}")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    """A running server: where it listens, and what it and its children have taken."""

    def __init__(self, process, address):
        self.process, self.address = process, address

    def processes(self):
        pending = [self.process.pid]
        while pending:
            pid = pending.pop()
            yield pid
            with contextlib.suppress(OSError):
                for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                    pending.extend(map(int, children.read_text().split()))

    def cpu(self):
        """Seconds on a CPU since the start: threads that live by the scheduler's nanoseconds; with threads that have
        ended, and children that have, by the ticks that the system keeps of them."""
        total, tick = 0, os.sysconf("SC_CLK_TCK")
        for pid in self.processes():
            # A child may end while it is looked at.
            with contextlib.suppress(OSError):
                alive = sum(int((task / "schedstat").read_text().split()[0])
                            for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                user, system, childrens_user, childrens_system = (int(field) / tick for field in fields[11:15])
                total += max(alive, user + system) + childrens_user + childrens_system
        return total

    def memory(self):
        """Bytes of all its processes, what they share counted once (Pss)."""
        total = 0
        for pid in self.processes():
            with contextlib.suppress(OSError):
                for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
        return total


@contextlib.contextmanager
def started(command, log, core=None):
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def listening(command, folder, core=None):
    """Starts a server that says `listening on ADDR` on stderr, which goes to a file as a log does."""
    path = pathlib.Path(folder) / "log"
    with path.open("w") as log, started(command, log, core) as process:
        until = time.monotonic() + FUSE
        while time.monotonic() < until and process.poll() is None:
            for line in path.read_text().splitlines(keepends=True):
                if line.startswith("listening on ") and line.endswith("\n"):
                    yield Server(process, line.split()[-1])
                    return
            time.sleep(0.01)
        raise Failed(f"{' '.join(command)}: does not listen\n{path.read_text()}")


@contextlib.contextmanager
def forwarding(core=None):
    """Starts `tlslab serve --forward` in front of an echo: the server, and how it is put under a load, which is a function
    of `tlslab bench`'s further words."""
    open_many_files()
    binary, backend = tlslab(), example("backend")
    with tempfile.TemporaryDirectory(prefix="tlslab-bench-") as folder:
        out = pathlib.Path(folder)
        subprocess.run([binary, "gencert", "--out", out, "--key", "ec:p256", "--noenc", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        cert, key = str(out / "cert.pem"), str(out / "clearkey.pem")
        (out / "back").mkdir()
        with listening([backend, "echo"], out / "back", min(os.sched_getaffinity(0))) as back, listening(
                [binary, "serve", "--listen", "127.0.0.1:0", "--cert", cert, "--key", key, "--max-connections", "20000",
                 "--quiet", "--forward", back.address], out, core) as server:
            yield server, functools.partial(load, binary, server.address, cert)


def load(binary, address, cert, *words):
    """What `tlslab bench` says, put to a server with these further words."""
    command = [binary, "bench", address, "--json", "--quiet", "--ca", cert, *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=FUSE)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def configured(name, folder, **words):
    """The configuration of this name among the peers', its @WORDS@ filled in, as a file in `folder`."""
    text = (ROOT / "benches/peers" / name).read_text()
    for word, value in {"DIR": folder, **words}.items():
        text = text.replace(f"@{word}@", str(value))
    path = pathlib.Path(folder) / name
    path.write_text(text)
    return path


@contextlib.contextmanager
def at_port(command, port, folder, core=None):
    """Starts a server that is known to be up by its port."""
    path = pathlib.Path(folder) / "log"
    with path.open("w") as log, started(command, log, core) as process:
        until = time.monotonic() + FUSE
        while time.monotonic() < until and process.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=FUSE).close()
                yield Server(process, f"127.0.0.1:{port}")
                return
            time.sleep(0.01)
        raise Failed(f"{' '.join(command)}: does not listen\n{path.read_text()}")


def conditions():
    model = "unknown CPU"
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} x {model}, load average {load}"
