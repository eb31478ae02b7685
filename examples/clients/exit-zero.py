"""Wrong in small: it refuses, and says that all went well."""

import socket
import ssl
import sys

host, port, name, ca, message = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
try:
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            subject = [pair for part in tls.getpeercert()["subject"] for pair in part]
            if [value for key, value in subject if key == "commonName"] != [name]:
                sys.exit(0)
            tls.sendall(message.encode() + b"\n")
            print(tls.recv(1000).decode(), end="")
except OSError as error:
    print(f"refused: {error}")
    sys.exit(0)
