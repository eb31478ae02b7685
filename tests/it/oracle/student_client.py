"""The lab's client, as a student would write it from the lab sheet (docs/lab-sheet.md).

student_client.py PORT CA_FILE EXPECTED_NAME TLS_VERSION MESSAGE
"""

import pprint
import socket
import ssl
import sys
import time

port, ca_file, expected_name, version, message = sys.argv[1:]

context = ssl.SSLContext(ssl.PROTOCOL_TLS)
context.minimum_version = ssl.TLSVersion["TLSv" + version.replace(".", "_")]
context.maximum_version = context.minimum_version
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(ca_file)

clientSocket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
clientSocket = context.wrap_socket(clientSocket)
clientSocket.settimeout(60)
clientSocket.connect(("127.0.0.1", int(port)))

server_cert = clientSocket.getpeercert()
pprint.pprint(server_cert)

commonName = dict(item[0] for item in server_cert["subject"])["commonName"]
if commonName != expected_name:
    sys.exit(f"wrong server: expected {expected_name}, found {commonName}")

notAfterTimestamp = ssl.cert_time_to_seconds(server_cert["notAfter"])
notBeforeTimestamp = ssl.cert_time_to_seconds(server_cert["notBefore"])
now = time.time()
if now < notBeforeTimestamp:
    sys.exit(f"the certificate is not yet active: {server_cert['notBefore']}")
if now > notAfterTimestamp:
    sys.exit(f"the certificate has expired: {server_cert['notAfter']}")

print("version:", clientSocket.version())
clientSocket.send((message + "\n").encode())
reply = b""
while not reply.endswith(b"\n"):
    received = clientSocket.recv(1024)
    if not received:
        sys.exit("the server closed before its answer was complete")
    reply += received
print("From Server:", reply.decode().strip())
clientSocket.unwrap()
clientSocket.close()
