"""writes.py SET: a self-signed certificate for www.test.org and its key, by cryptography: theirs.pem and theirs.key."""
import datetime
import sys

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import mldsa

key = getattr(mldsa, f"MLDSA{sys.argv[1]}PrivateKey").generate()
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.test.org")])
now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)
certificate = (
    x509.CertificateBuilder()
    .subject_name(name)
    .issuer_name(name)
    .public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now)
    .not_valid_after(now + datetime.timedelta(days=2))
    .add_extension(x509.SubjectAlternativeName([x509.DNSName("www.test.org")]), False)
    .sign(key, None)
)
private = key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
for file, contents in [("theirs.pem", certificate.public_bytes(serialization.Encoding.PEM)), ("theirs.key", private)]:
    with open(file, "wb") as out:
        out.write(contents)
