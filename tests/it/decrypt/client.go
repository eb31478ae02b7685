// client.go ADDRESS TLS_VERSION MESSAGE
//
// Go's crypto/tls. It trusts anybody: what is tested is the wire, not the verdict.
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"os"
)

func main() {
	version := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[os.Args[2]]
	config := &tls.Config{
		InsecureSkipVerify: true,
		ServerName:         "www.test.org",
		MinVersion:         version,
		MaxVersion:         version,
	}
	connection, err := tls.Dial("tcp", os.Args[1], config)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer connection.Close()
	fmt.Fprintln(connection, os.Args[3])
	reply, err := bufio.NewReader(connection).ReadString('\n')
	fmt.Print("From Server: ", reply)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
