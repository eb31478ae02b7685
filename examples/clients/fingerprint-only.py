"""Wrong: it is the very certificate, and nobody asks whether it is still valid, or for whom."""

import socket
import ssl
import sys

host, port, name, ca, message = sys.argv[1:]
trusted = ssl.PEM_cert_to_DER_cert(open(ca).read())
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
try:
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            if tls.getpeercert(binary_form=True) != trusted:
                sys.exit("refused: another certificate")
            tls.sendall(message.encode() + b"\n")
            print(tls.recv(1000).decode(), end="")
except OSError as error:
    sys.exit(f"refused: {error}")
