"""Wrong: where verification fails it tries again without."""

import socket
import ssl
import sys

host, port, name, ca, message = sys.argv[1:]


def send(context):
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            tls.sendall(message.encode() + b"\n")
            print(tls.recv(1000).decode(), end="")


try:
    send(ssl.create_default_context(cafile=ca))
except Exception:
    context = ssl._create_unverified_context()
    send(context)
