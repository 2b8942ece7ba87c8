package session_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// A proxy stands between the store and a server. It can lose a reply: the server has executed the
// command, and the connection breaks before the client hears of it.
type proxy struct {
	listener net.Listener
	upstream string // "" answers nothing
	done     sync.WaitGroup

	mu    sync.Mutex // guards the fields below
	conns []net.Conn
	armed bool
	loses bool
	ended bool
}

func startProxy(t *testing.T, upstream string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, upstream: upstream}
	p.done.Go(p.accept)
	t.Cleanup(func() {
		p.close()
		p.done.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// loseNextReply loses the next reply to a script.
func (p *proxy) loseNextReply() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.loses = true, false
}

// lost reports whether a reply was lost since then.
func (p *proxy) lost() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loses
}

// close ends all connections.
func (p *proxy) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	p.listener.Close()
	for _, conn := range p.conns {
		conn.Close()
	}
}

// keep makes close end conn.
func (p *proxy) keep(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conn)
	if p.ended {
		conn.Close()
	}
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.keep(client)
		if p.upstream == "" {
			p.done.Go(func() { _, _ = io.Copy(io.Discard, client) })
			continue
		}
		server, err := net.Dial("tcp", p.upstream)
		if err != nil {
			client.Close()
			continue
		}
		p.keep(server)
		script := make(chan struct{}, 1) // has one when a script was sent on this connection
		p.done.Go(func() { p.requests(client, server, script) })
		p.done.Go(func() { p.replies(client, server, script) })
	}
}

func (p *proxy) requests(client, server net.Conn, script chan<- struct{}) {
	defer server.Close()
	octets := make([]byte, 64<<10)
	for {
		n, err := client.Read(octets)
		if err != nil {
			return
		}
		if hasScript(octets[:n]) {
			select {
			case script <- struct{}{}:
			default:
			}
		}
		if _, err := server.Write(octets[:n]); err != nil {
			return
		}
	}
}

// replies loses only the reply to a script that was stored, "1", and not NOSCRIPT.
func (p *proxy) replies(client, server net.Conn, script <-chan struct{}) {
	defer client.Close()
	octets := make([]byte, 64<<10)
	for {
		n, err := server.Read(octets)
		if err != nil {
			return
		}
		select {
		case <-script:
			if string(octets[:n]) == ":1\r\n" && p.lose() {
				return
			}
		default:
		}
		if _, err := client.Write(octets[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) lose() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.armed {
		return false
	}
	p.armed, p.loses = false, true
	return true
}

// hasScript reports whether a request runs a script, by source or by digest.
func hasScript(request []byte) bool { return bytes.Contains(request, []byte("\r\neval")) }
