"""Wrong: only notAfter is looked at."""

import socket
import ssl
import sys
import tempfile
import time

host, port, name, ca, message = sys.argv[1:]
trusted = ssl.PEM_cert_to_DER_cert(open(ca).read())
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def decoded(der):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(ssl.DER_cert_to_PEM_cert(der))
        file.flush()
        return ssl._ssl._test_decode_cert(file.name)


try:
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            der = tls.getpeercert(binary_form=True)
            if der != trusted:
                sys.exit("refused: another certificate")
            if ssl.cert_time_to_seconds(decoded(der)["notAfter"]) < time.time():
                sys.exit("refused: expired")
            subject = [pair for part in decoded(der)["subject"] for pair in part]
            if [value for key, value in subject if key == "commonName"] != [name]:
                sys.exit("refused: another name")
            tls.sendall(message.encode() + b"\n")
            print(tls.recv(1000).decode(), end="")
except OSError as error:
    sys.exit(f"refused: {error}")
