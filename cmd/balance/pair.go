package balance

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Small, because most connections wait: there are two for each.
	bufferSize = 8 << 10
	// After an answer's last bytes; more of it may come.
	quietTime = 200 * time.Millisecond
)

// pair is a client's connection with the one that was made for it.
type pair struct {
	client *net.TCPConn
	asked  atomic.Bool  // the client spoke last: it waits for an answer
	spoke  atomic.Int64 // when either was told something last, in Unix ms
	busy   atomic.Int32 // ways on which something is being told: a slow reader's takes long

	mu     sync.Mutex
	to     *server      // nil until there is one
	conn   *net.TCPConn // to that server
	closed bool
}

// join gives the client its server, unless the pair was closed meanwhile.
func (p *pair) join(to *server, conn *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		conn.Close()
		return false
	}
	p.to, p.conn = to, conn
	return true
}

func (p *pair) server() *server {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.to
}

func (p *pair) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.client.Close()
	if p.conn != nil {
		p.conn.Close()
	}
}

// copy copies both ways. The end of one way is passed on, and the other goes
// on; a fault ends both.
func (p *pair) copy() {
	var ways sync.WaitGroup
	ways.Go(func() { p.way(p.conn, p.client, true) })
	ways.Go(func() { p.way(p.client, p.conn, false) })
	ways.Wait()
}

func (p *pair) way(to, from *net.TCPConn, asks bool) {
	noted := writer(func(b []byte) (int, error) {
		p.busy.Add(1)
		defer p.busy.Add(-1)
		defer func() { p.spoke.Store(time.Now().UnixMilli()) }()
		p.asked.Store(asks)
		return to.Write(b)
	})
	// Without its WriteTo, which would take a larger buffer.
	_, err := io.CopyBuffer(noted, struct{ io.Reader }{from}, make([]byte, bufferSize))
	if err == nil {
		err = to.CloseWrite()
	}
	if err != nil {
		p.close()
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// quiet tells whether nobody waits for an answer here.
func (p *pair) quiet() bool {
	return !p.asked.Load() && p.busy.Load() == 0 && time.Now().UnixMilli()-p.spoke.Load() > quietTime.Milliseconds()
}
