// staple PORT CA: the OCSP response that www.test.org on this machine staples, as it came.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"log"
	"net"
	"os"
	"time"
)

func main() {
	pem, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	dialer := &net.Dialer{Timeout: time.Minute}
	config := &tls.Config{RootCAs: roots, ServerName: "www.test.org"}
	connection, err := tls.DialWithDialer(dialer, "tcp", "127.0.0.1:"+os.Args[1], config)
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(connection.OCSPResponse())
}
