"""The lab's client: trusts one certificate, checks its dates and its name, then sends."""

import socket
import ssl
import sys

host, port, name, ca, message = sys.argv[1:]
# Verifies the chain, the dates and the alternative names (or, without any, the CN).
context = ssl.create_default_context(cafile=ca)
try:
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            # The sheet asks for the CN: there is exactly one, and it is the name.
            subject = [pair for part in tls.getpeercert()["subject"] for pair in part]
            if [value for key, value in subject if key == "commonName"] != [name]:
                sys.exit(f"refused: the certificate is for {subject}")
            tls.sendall(message.encode() + b"\n")
            print(tls.recv(1000).decode(), end="")
except OSError as error:
    sys.exit(f"refused: {error}")
