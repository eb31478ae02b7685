"""The lab's server, as a student would write it from the lab sheet (docs/lab-sheet.md): answers in upper case.

student_server.py CERT_FILE KEY_FILE [PASSPHRASE]
"""

import socket
import ssl
import sys

cert_file, key_file = sys.argv[1:3]
passphrase = sys.argv[3] if len(sys.argv) > 3 else None

context = ssl.SSLContext(ssl.PROTOCOL_TLS)
context.load_verify_locations(cert_file)
context.load_cert_chain(cert_file, key_file, passphrase)

serverSocket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
serverSocket.bind(("127.0.0.1", 0))
serverSocket.listen(1)
print("listening on 127.0.0.1:%d" % serverSocket.getsockname()[1], flush=True)

while True:
    connectionSocket, addr = serverSocket.accept()
    try:
        connectionSocket = context.wrap_socket(connectionSocket, server_side=True)
        print("version:", connectionSocket.version(), flush=True)
        while True:
            sentence = connectionSocket.recv(1024)
            if not sentence:
                break
            print("From Client:", sentence.decode().strip(), flush=True)
            connectionSocket.send(sentence.upper())
        connectionSocket.unwrap()
    except (ssl.SSLError, OSError) as error:
        print("failed:", error, flush=True)
    connectionSocket.close()
