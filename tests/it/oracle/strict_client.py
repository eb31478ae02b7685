"""Task 3 of the lab sheet: PROTOCOL_TLS_CLIENT checks the host name, and VERIFY_X509_STRICT the whole of RFC 5280.

strict_client.py PORT CA_FILE EXPECTED_NAME TLS_VERSION MESSAGE
"""

import socket
import ssl
import sys

port, ca_file, expected_name, version, message = sys.argv[1:]

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
assert context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
context.verify_flags |= ssl.VERIFY_X509_STRICT
context.hostname_checks_common_name = False
context.minimum_version = ssl.TLSVersion["TLSv" + version.replace(".", "_")]
context.maximum_version = context.minimum_version
context.load_verify_locations(ca_file)

with socket.create_connection(("127.0.0.1", int(port)), timeout=60) as plain:
    with context.wrap_socket(plain, server_hostname=expected_name) as secure:
        print("version:", secure.version())
        secure.sendall((message + "\n").encode())
        print("From Server:", secure.makefile("r").readline().strip())
        secure.unwrap()
