// A client that stays, on Go's crypto/tls, for `tlslab audit client --hold`: held MESSAGE. Each line of its stdin is a
// case: HOST PORT CA NAME. It says a line when it has done with one.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if visit(words[0], words[1], words[2], words[3], os.Args[1]) == nil {
			fmt.Println("done")
		} else {
			fmt.Println("refused")
		}
	}
}

func visit(host, port, ca, name, message string) error {
	trusted, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted)
	plain, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), 5*time.Second)
	if err != nil {
		return err
	}
	defer plain.Close()
	plain.SetDeadline(time.Now().Add(5 * time.Second))
	session := tls.Client(plain, &tls.Config{RootCAs: roots, ServerName: name})
	defer session.Close()
	if _, err = fmt.Fprintln(session, message); err != nil {
		return err
	}
	_, err = session.Read(make([]byte, 1024))
	return err
}
