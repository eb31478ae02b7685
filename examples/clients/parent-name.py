"""Wrong: the name has to end in the CN, so a certificate for the domain above is taken."""

import socket
import ssl
import sys

host, port, name, ca, message = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.check_hostname = False
try:
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            subject = dict(pair for part in tls.getpeercert()["subject"] for pair in part)
            if not name.endswith(subject["commonName"]):
                sys.exit("refused: another name")
            tls.sendall(message.encode() + b"\n")
            print(tls.recv(1000).decode(), end="")
except OSError as error:
    sys.exit(f"refused: {error}")
