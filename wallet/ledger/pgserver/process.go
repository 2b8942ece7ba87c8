package pgserver

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a running child. One goroutine owns its exec.Cmd.
type process struct {
	pid    int
	handle *os.Process
	log    *logReader
	exited chan struct{} // closed when the child has ended and its log is read
}

// launch starts cmd in a goroutine that keeps its thread until the child has ended: the kernel
// sends the signal of a parent's death when the thread ends that made the child.
func launch(cmd *exec.Cmd) (*process, error) {
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	dieWithParent(cmd.SysProcAttr)
	p := &process{log: newLogReader(), exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.log.read(stderr)
		_ = cmd.Wait() // how it ended is in its log
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	p.pid, p.handle = cmd.Process.Pid, cmd.Process
	return p, nil
}

func (p *process) signal(s os.Signal) {
	_ = p.handle.Signal(s) // fails only when it has ended, which wait sees
}

// wait waits for the end, and kills after the time-out.
func (p *process) wait(timeout time.Duration) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		p.signal(syscall.SIGKILL)
		<-p.exited
	}
}

const (
	readyText   = "database system is ready to accept connections"
	keptLines   = 50
	maxLineText = 500
)

// logReader keeps the last lines of a log and tells when the server is ready.
type logReader struct {
	ready chan struct{} // closed at the line that says so

	mu    sync.Mutex
	lines []string
}

func newLogReader() *logReader { return &logReader{ready: make(chan struct{})} }

func (l *logReader) read(r io.Reader) {
	lines := bufio.NewReader(r)
	isReady := false
	for {
		line, err := lines.ReadString('\n')
		if line = strings.TrimSpace(line); line != "" {
			l.add(line[:min(len(line), maxLineText)])
		}
		if !isReady && strings.Contains(line, readyText) {
			isReady = true
			close(l.ready)
		}
		if err != nil {
			return
		}
	}
}

func (l *logReader) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	if len(l.lines) > keptLines {
		l.lines = l.lines[len(l.lines)-keptLines:]
	}
}

func (l *logReader) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// credential is the user that the server runs as; nil is this process's own.
type credential struct{ uid, gid uint32 }

// unprivileged returns a user to run as when this process is root, which PostgreSQL refuses.
func unprivileged() (*credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &credential{uint32(uid), uint32(gid)}, nil
	}
	return nil, fmt.Errorf("it cannot run as root, and there is no user postgres or nobody")
}

func (c *credential) credential() *syscall.Credential {
	if c == nil {
		return nil
	}
	return &syscall.Credential{Uid: c.uid, Gid: c.gid}
}

// own gives a file to the user.
func (c *credential) own(path string) error {
	if c == nil {
		return nil
	}
	return os.Chown(path, int(c.uid), int(c.gid))
}
