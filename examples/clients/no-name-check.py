"""Wrong: the chain and the dates are verified, the name is not."""

import socket
import ssl
import sys

host, port, name, ca, message = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.check_hostname = False
try:
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            tls.sendall(message.encode() + b"\n")
            print(tls.recv(1000).decode(), end="")
except OSError as error:
    sys.exit(f"refused: {error}")
