"""Python's ssl as it comes, echoing: server.py CERT KEY."""

import socket
import ssl
import sys
import threading


def serve(context, peer):
    try:
        peer = context.wrap_socket(peer, server_side=True)
        while said := peer.recv(4096):
            peer.sendall(said)
    except OSError:  # a peer that breaks off is what this server is for
        pass
    finally:
        peer.close()


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(*sys.argv[1:])
server = socket.create_server(("127.0.0.1", 0), backlog=128)
print("listening on 127.0.0.1:%d" % server.getsockname()[1], file=sys.stderr, flush=True)
while True:
    accepted, _ = server.accept()
    accepted.settimeout(20)
    threading.Thread(target=serve, args=(context, accepted), daemon=True).start()
