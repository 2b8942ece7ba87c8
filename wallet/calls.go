package wallet

import (
	"context"
	"sync"
	"time"
)

// maxCalls bounds the orders to providers that are under way in one process.
const maxCalls = 1024

// calls are the orders to providers that are under way in this process. They belong to no step: one
// whose caller has left goes on.
type calls struct {
	ctx    context.Context // of every order; ends when they are cut off
	cut    context.CancelFunc
	group  sync.WaitGroup
	mu     sync.Mutex
	count  int
	closed bool
}

func newCalls() *calls {
	c := &calls{}
	c.ctx, c.cut = context.WithCancel(context.Background())
	return c
}

// begin reports whether another order may be made. Each begin that may needs an end.
func (c *calls) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.count >= maxCalls {
		return false
	}
	c.count++
	c.group.Add(1)
	return true
}

func (c *calls) end() {
	c.mu.Lock()
	c.count--
	c.mu.Unlock()
	c.group.Done()
}

// stop lets nothing begin any more, cuts off what is still under way after a while, and returns
// when all of it has ended.
func (c *calls) stop(after time.Duration) {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	timer := time.AfterFunc(after, c.cut)
	c.group.Wait()
	timer.Stop()
	c.cut()
}
