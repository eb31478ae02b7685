"""A server of tlslite-ng with one famous hole, with old ciphers, or healthy: attacked.py HOLE CERT KEY.

HOLE is heartbleed, early-ccs, ticketbleed, robot, ssl3, rc4 or healthy.
"""

import socket
import sys
import threading

from tlslite import constants, keyexchange, messages, tlsconnection, tlsrecordlayer
from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.errors import TLSDecryptionFailed


def heartbleed():
    """CVE-2014-0160: the length that the peer claims is believed, and what lies behind its bytes is sent."""

    def parse(self, parser):
        self.message_type = parser.get(1)
        claimed = parser.get(2)
        sent = parser.getFixBytes(parser.getRemainingLength())
        self.payload = (sent + bytearray(b"memory! " * 8192))[:claimed]
        self.padding = bytearray(16)
        return self

    messages.Heartbeat.parse = parse


def early_ccs():
    """CVE-2014-0224: ChangeCipherSpec is taken before there is a secret; the keys come from an empty one."""
    here = threading.local()
    begin = keyexchange.KeyExchange.__init__
    calculate = tlsrecordlayer.TLSRecordLayer._calcPendingStates
    receive = tlsrecordlayer.TLSRecordLayer._getNextRecord

    def begun(self, suite, client_hello, server_hello, *rest, **more):
        here.terms = suite, client_hello.random, server_hello.random
        begin(self, suite, client_hello, server_hello, *rest, **more)

    def calculated(self, *terms):
        here.terms = None
        calculate(self, *terms)

    def received(self):
        for result in receive(self):
            terms = getattr(here, "terms", None)
            if not isinstance(result, int) and result[0].type == constants.ContentType.change_cipher_spec and terms:
                here.terms = None
                suite, client, server = terms
                calculate(self, suite, bytearray(48), client, server, ["python"])
                self._changeReadState()
                yield from received(self)
                return
            yield result

    keyexchange.KeyExchange.__init__ = begun
    tlsrecordlayer.TLSRecordLayer._calcPendingStates = calculated
    tlsrecordlayer.TLSRecordLayer._getNextRecord = received


def ticketbleed():
    """CVE-2016-9244: with a ticket, a session id is echoed with the length of a whole one."""
    create = messages.ServerHello.create

    def created(self, version, random, session_id, *rest, **more):
        if 0 < len(session_id) < 32:
            session_id = (bytearray(session_id) + bytearray(b"memory! " * 4))[:32]
        return create(self, version, random, session_id, *rest, **more)

    messages.ServerHello.create = created


def robot():
    """Bleichenbacher's oracle: the connection ends otherwise where the padding is wrong."""
    process = keyexchange.RSAKeyExchange.processClientKeyExchange

    def processed(self, message):
        block = self.privateKey._raw_private_key_op_bytes(message.encryptedPreMasterSecret)
        if not (block[:2] == b"\0\2" and block[-49:-48] == b"\0"):
            raise TLSDecryptionFailed()
        return process(self, message)

    keyexchange.RSAKeyExchange.processClientKeyExchange = processed


def settings(hole):
    chosen = HandshakeSettings()
    chosen.minVersion, chosen.maxVersion = (3, 1), (3, 3)
    chosen.use_heartbeat_extension = True
    chosen.ticketKeys = [bytearray(range(32))]
    if hole == "robot":
        chosen.keyExchangeNames = ["rsa"]
    if hole == "ssl3":
        chosen.minVersion = chosen.maxVersion = (3, 0)
    if hole == "rc4":
        chosen.cipherNames = ["rc4", "aes128"]
    return chosen


def serve(hole, chain, key, peer):
    connection = TLSConnection(peer)
    try:
        connection.handshakeServer(certChain=chain, privateKey=key, settings=settings(hole))
        while connection.read(1, 4096):
            pass
        connection.close()
    except Exception:  # a peer that breaks off is what this server is for
        pass
    finally:
        peer.close()


def main():
    hole, certificate, key = sys.argv[1:]
    if hole in ("heartbleed", "early-ccs", "ticketbleed", "robot"):
        globals()[hole.replace("-", "_")]()
    chain = X509CertChain()
    chain.parsePemList(open(certificate).read())
    key = parsePEMKey(open(key).read(), private=True, implementations=["python"])
    server = socket.create_server(("127.0.0.1", 0), backlog=128)
    print("listening on 127.0.0.1:%d" % server.getsockname()[1], file=sys.stderr, flush=True)
    while True:
        peer, _ = server.accept()
        peer.settimeout(20)
        threading.Thread(target=serve, args=(hole, chain, key, peer), daemon=True).start()


main()
