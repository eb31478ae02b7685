"""Python's ssl as a judge, with the flags that 3.13's create_default_context has.

Reads lines of PORT, CA_FILE, EXPECTED_NAME, CLIENT_CERT and CLIENT_KEY, with tabs between (`-` for no client
certificate), and answers each with `accept` or `refuse`, a tab and why.
"""

import socket
import ssl
import sys

FLAGS = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN


def judge(port, ca_file, name, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
    context.verify_flags |= FLAGS
    context.load_verify_locations(ca_file)
    if certificate != "-":
        context.load_cert_chain(certificate, key)
    with socket.create_connection(("127.0.0.1", int(port)), timeout=60) as plain:
        with context.wrap_socket(plain, server_hostname=name) as secure:
            secure.sendall(f"GET /session.json HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
            answer = b""
            while part := secure.recv(65536):
                answer += part
            return answer.decode().splitlines()[0]


for line in sys.stdin:
    try:
        print("accept", judge(*line.rstrip("\n").split("\t")), sep="\t", flush=True)
    except (OSError, IndexError) as error:
        words = " ".join(str(error).split()) or type(error).__name__
        print("refuse", words, sep="\t", flush=True)
