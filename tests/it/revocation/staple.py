"""staple.py RESPONSE CA: who signed an OCSP response, and what it says of the certificate."""
import sys

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp


def contents(name):
    with open(name, "rb") as file:
        return file.read()


response = ocsp.load_der_ocsp_response(contents(sys.argv[1]))
ca = x509.load_pem_x509_certificate(contents(sys.argv[2]))
ca.public_key().verify(response.signature, response.tbs_response_bytes, ec.ECDSA(response.signature_hash_algorithm))
print(response.certificate_status.name, response.revocation_reason)
