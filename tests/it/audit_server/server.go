// server.go CERT KEY: crypto/tls as it comes, echoing.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

func main() {
	pair, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	if err != nil {
		panic(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stderr, "listening on", listener.Addr())
	for {
		peer, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go func(peer net.Conn) {
			defer peer.Close()
			peer.SetDeadline(time.Now().Add(20 * time.Second))
			io.Copy(peer, peer)
		}(peer)
	}
}
