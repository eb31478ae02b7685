// Go's crypto/tls as a judge. Reads lines of PORT, CA_FILE, EXPECTED_NAME, CLIENT_CERT and CLIENT_KEY, with tabs between
// (`-` for no client certificate), and answers each with `accept` or `refuse`, a tab and why.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer, err := judge(strings.Split(lines.Text(), "\t"))
		if err != nil {
			fmt.Printf("refuse\t%s\n", strings.Join(strings.Fields(err.Error()), " "))
		} else {
			fmt.Printf("accept\t%s\n", answer)
		}
	}
}

func judge(words []string) (string, error) {
	pem, err := os.ReadFile(words[1])
	if err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return "", errors.New("x509: the trusted certificate cannot be parsed")
	}
	config := &tls.Config{RootCAs: roots, ServerName: words[2]}
	if words[3] != "-" {
		pair, err := tls.LoadX509KeyPair(words[3], words[4])
		if err != nil {
			return "", err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	dialer := &net.Dialer{Timeout: 60 * time.Second}
	secure, err := tls.DialWithDialer(dialer, "tcp", "127.0.0.1:"+words[0], config)
	if err != nil {
		return "", err
	}
	defer secure.Close()
	secure.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err := fmt.Fprintf(secure, "GET /session.json HTTP/1.0\r\nHost: %s\r\n\r\n", words[2]); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(secure)
	status, _, found := strings.Cut(string(answer), "\r\n")
	if !found {
		return "", fmt.Errorf("no answer: %v", err)
	}
	return status, nil
}
