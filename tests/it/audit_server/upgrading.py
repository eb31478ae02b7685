"""A server that upgrades to TLS: upgrading.py PROTOCOL holed|healthy CERT KEY.

PROTOCOL is smtp, imap, pop3, ldap or postgres. A holed one obeys within TLS what came with the request to upgrade, in the
same packet (CVE-2011-0411, CVE-2021-23214).
"""

import re
import socket
import ssl
import sys
import threading

OK = b"\x0a\x01\x00\x04\x00\x04\x00"


class Ended(Exception):
    """The peer left."""


class Smtp:
    greeting = b"220 here\r\n"

    def unit(self, heard):
        return heard.find(b"\n") + 1

    def answer(self, said):
        word = said.split()[0].upper() if said.split() else b""
        if word == b"STARTTLS":
            return b"220 go\r\n", True
        if word == b"QUIT":
            return b"221 bye\r\n", False
        return b"250 ok\r\n", False


class Imap(Smtp):
    greeting = b"* OK here\r\n"

    def answer(self, said):
        tag, word = (said.split() + [b"", b""])[:2]
        return tag + b" OK " + word + b" done\r\n", word.upper() == b"STARTTLS"


class Pop3(Smtp):
    greeting = b"+OK here\r\n"

    def answer(self, said):
        return b"+OK\r\n", said.strip().upper() == b"STLS"


class Ldap:
    greeting = b""

    def unit(self, heard):
        length = 2 + heard[1] if len(heard) > 1 else sys.maxsize
        return length if len(heard) >= length else 0

    def answer(self, said):
        if said[5] != 0x77:
            raise Ended
        return b"\x30\x0c\x02\x01" + said[4:5] + b"\x78\x07" + OK, b"1466.20037" in said


class Postgres:
    greeting = b""

    def unit(self, heard):
        length = int.from_bytes(heard[:4], "big") if len(heard) >= 4 else sys.maxsize
        return length if len(heard) >= length else 0

    def answer(self, said):
        code = int.from_bytes(said[4:8], "big")
        if code == 80877103:
            return b"S", True
        if code == 80877102:
            raise Ended
        return b"R\0\0\0\x08\0\0\0\0", False


def serve(protocol, holed, context, peer):
    heard = b""

    def unit():
        nonlocal heard
        while not protocol.unit(heard):
            more = peer.recv(4096)
            if not more:
                raise Ended
            heard += more
        length = protocol.unit(heard)
        said, heard = heard[:length], heard[length:]
        return said

    try:
        peer.sendall(protocol.greeting)
        while True:
            answer, upgrade = protocol.answer(unit())
            peer.sendall(answer)
            if upgrade:
                peer = context.wrap_socket(peer, server_side=True)
                if not holed:
                    heard = b""
            if re.match(b"221 ", answer):
                raise Ended
    except (Ended, OSError):
        peer.close()


def main():
    protocol, how, certificate, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = socket.create_server(("127.0.0.1", 0), backlog=128)
    print("listening on 127.0.0.1:%d" % server.getsockname()[1], file=sys.stderr, flush=True)
    spoken = globals()[protocol.capitalize()]()
    while True:
        peer, _ = server.accept()
        peer.settimeout(20)
        threading.Thread(target=serve, args=(spoken, how == "holed", context, peer), daemon=True).start()


main()
