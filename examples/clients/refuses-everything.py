"""Wrong: it knows nobody, so it refuses everybody."""

import socket
import ssl
import sys

host, port, name, ca, message = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
try:
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            tls.sendall(message.encode() + b"\n")
except OSError as error:
    sys.exit(f"refused: {error}")
