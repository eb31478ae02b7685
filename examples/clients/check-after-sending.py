"""Wrong: it looks at the certificate when the message has left."""

import socket
import ssl
import sys

host, port, name, ca, message = sys.argv[1:]


def send(context):
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            tls.sendall(message.encode() + b"\n")
            print(tls.recv(1000).decode(), end="")
            return tls.getpeercert(binary_form=True)


hasty = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
hasty.check_hostname = False
hasty.verify_mode = ssl.CERT_NONE
try:
    send(hasty)
    send(ssl.create_default_context(cafile=ca))
except OSError as error:
    sys.exit(f"refused: {error}")
