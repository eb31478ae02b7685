// lists CA CERT CRL: what the list says of the certificate, once the CA's key has verified it.
package main

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"log"
	"os"
)

func der(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	block, _ := pem.Decode(text)
	return block.Bytes
}

func certificate(path string) *x509.Certificate {
	found, err := x509.ParseCertificate(der(path))
	if err != nil {
		log.Fatal(err)
	}
	return found
}

func main() {
	list, err := x509.ParseRevocationList(der(os.Args[3]))
	if err != nil {
		log.Fatal(err)
	}
	if err := list.CheckSignatureFrom(certificate(os.Args[1])); err != nil {
		log.Fatal(err)
	}
	serial := certificate(os.Args[2]).SerialNumber
	for _, entry := range list.RevokedCertificates {
		if entry.SerialNumber.Cmp(serial) != 0 {
			continue
		}
		for _, extension := range entry.Extensions {
			var reason asn1.Enumerated
			// reasonCode (RFC 5280 §5.3.1).
			if extension.Id.String() == "2.5.29.21" {
				if _, err := asn1.Unmarshal(extension.Value, &reason); err != nil {
					log.Fatal(err)
				}
			}
			fmt.Println("revoked", reason)
		}
		return
	}
	fmt.Println("good")
}
