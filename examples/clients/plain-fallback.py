"""Wrong: where TLS fails it talks in the clear."""

import socket
import ssl
import sys

host, port, name, ca, message = sys.argv[1:]
try:
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        context = ssl.create_default_context(cafile=ca)
        with context.wrap_socket(plain, server_hostname=name) as tls:
            tls.sendall(message.encode() + b"\n")
            print(tls.recv(1000).decode(), end="")
except OSError:
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        plain.sendall(message.encode() + b"\n")
        print(plain.recv(1000).decode(errors="replace"), end="")
