"""reads.py KEY: of what tlslab wrote, the certificate and the request are signed by who they say; the private key is read
(KEY = "whole") or refused (KEY = "refused")."""
import sys

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def contents(name):
    with open(name, "rb") as file:
        return file.read()


certificate = x509.load_pem_x509_certificate(contents("cert.pem"))
certificate.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes)
assert x509.load_pem_x509_csr(contents("asks/csr.pem")).is_signature_valid
try:
    key = load_pem_private_key(contents("clearkey.pem"), None)
except Exception as error:
    assert sys.argv[1] == "refused", error
else:
    assert sys.argv[1] == "whole", "it reads this form now"
    assert key.public_key().public_bytes_raw() == certificate.public_key().public_bytes_raw()
