// Package redisserver runs a private Redis server as a direct child process, for tests and for
// transcripts: own directory, free port, loopback only, nothing on disk, no eviction.
//
// It knows no Redis client and nothing of sessions. For each running server there are two
// goroutines, one that starts the process and waits for it, one that reads its log. Both end when
// the process does. On Linux the process dies with its parent.
package redisserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	program = "redis-server"
	host    = "127.0.0.1"
	// The port is found free and then given to the server, so another process can take it in
	// between. A new one is tried so often.
	maxStarts = 5
	// stopWithin is how long a server may take to end when asked to.
	stopWithin = 3 * time.Second
	// logLines is how many of the last log lines an error shows.
	logLines = 12
)

// Available returns nil when a server can be started here, or why not.
func Available() error {
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("redisserver: %w", err)
	}
	return nil
}

// A Server is a running Redis server, or one that was stopped. It is safe for concurrent use.
type Server struct {
	args     []string
	dir      string
	port     int
	portFlag string // that takes port
	ready    string // part of the log line that says that it serves

	mu   sync.Mutex // guards proc
	proc *process   // nil when it was never started
}

// Start runs a server in dir, which must exist, and returns when it accepts connections. The
// server lives until Stop or Kill, not until the end of ctx. Settings are appended to the command
// line, "--requirepass", "secret".
func Start(ctx context.Context, dir string, settings ...string) (*Server, error) {
	return startAnywhere(ctx, server(dir, settings...))
}

func server(dir string, settings ...string) *Server {
	args := []string{
		"--bind", host,
		"--save", "",
		"--appendonly", "no",
		"--maxmemory-policy", "noeviction",
		"--daemonize", "no",
		"--dir", dir,
	}
	return &Server{
		args:     append(args, settings...),
		dir:      dir,
		portFlag: "--port",
		ready:    "Ready to accept connections",
	}
}

// StartTLS runs a server that speaks TLS only, with a certificate and its key from PEM files.
func StartTLS(ctx context.Context, dir, certFile, keyFile string) (*Server, error) {
	s := server(dir,
		"--tls-cert-file", certFile,
		"--tls-key-file", keyFile,
		"--tls-auth-clients", "no",
		"--port", "0")
	s.portFlag = "--tls-port"
	return startAnywhere(ctx, s)
}

// StartCluster runs a Cluster node that does not serve any slot yet. CLUSTER ADDSLOTSRANGE makes
// it a whole Cluster of one.
func StartCluster(ctx context.Context, dir string, settings ...string) (*Server, error) {
	bus, err := freePort()
	if err != nil {
		return nil, fmt.Errorf("redisserver: start: %w", err)
	}
	cluster := []string{"--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(bus)}
	return Start(ctx, dir, append(cluster, settings...)...)
}

// StartSentinel runs a Sentinel that watches master under a name. It writes its configuration
// into dir.
func StartSentinel(ctx context.Context, dir, name string, master *Server) (*Server, error) {
	path := dir + "/sentinel.conf"
	conf := fmt.Sprintf("sentinel monitor %s %s %d 1\n", name, host, master.port)
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		return nil, fmt.Errorf("redisserver: start: %w", err)
	}
	return startAnywhere(ctx, &Server{
		args:     []string{path, "--sentinel", "--bind", host, "--daemonize", "no", "--dir", dir},
		dir:      dir,
		portFlag: "--port",
		ready:    "+monitor master",
	})
}

// Addr is host:port. It stays the same over Restart.
func (s *Server) Addr() string { return net.JoinHostPort(host, strconv.Itoa(s.port)) }

// Restart runs a server that was stopped or killed again, empty and on the same port.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc != nil && !s.proc.ended() {
		return errors.New("redisserver: restart: it is running")
	}
	return s.start(ctx)
}

// Stop asks the server to end, waits for it, and kills it when that takes too long. A second Stop
// does nothing.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends the server at once, as a crash does, and waits until it is gone.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Pause makes the server stop answering while its connections stay open, until Resume.
func (s *Server) Pause() error { return s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return errors.New("redisserver: signal: it does not run")
	}
	if err := s.proc.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("redisserver: signal: %w", err)
	}
	return nil
}

func (s *Server) end(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return
	}
	s.proc.end(sig)
	s.proc = nil
}

// startAnywhere starts s on a free port.
func startAnywhere(ctx context.Context, s *Server) (*Server, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("redisserver: start: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var faults []error
	for range maxStarts {
		port, err := freePort()
		if err != nil {
			return nil, fmt.Errorf("redisserver: start: %w", err)
		}
		s.port = port
		if err = s.start(ctx); err == nil {
			return s, nil
		}
		faults = append(faults, err)
		if ctx.Err() != nil || !errors.Is(err, errPortTaken) {
			break
		}
	}
	return nil, errors.Join(faults...)
}

// start runs the process on s.port and waits until it is ready. The caller holds mu.
func (s *Server) start(ctx context.Context) error {
	p := newProcess(append(slices.Clone(s.args), s.portFlag, strconv.Itoa(s.port)), s.dir, s.ready)
	if err := p.start(); err != nil {
		return fmt.Errorf("redisserver: start: %w", err)
	}
	select {
	case <-p.ready:
		s.proc = p
		return nil
	case <-p.exited:
		return fmt.Errorf("redisserver: start: %w", p.failure())
	case <-ctx.Done():
		p.end(syscall.SIGKILL)
		return fmt.Errorf("redisserver: start: %w; %w", ctx.Err(), p.failure())
	}
}

var errPortTaken = errors.New("the port is taken")

// A process is one run of the program. Its fields do not change after start; last is guarded.
type process struct {
	cmd    *exec.Cmd
	marker string
	ready  chan struct{} // closed by the log reader
	exited chan struct{} // closed when the process is gone and its log is read

	mu   sync.Mutex // guards last
	last []string
}

func newProcess(args []string, dir, marker string) *process {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = dieWithParent()
	return &process{
		cmd: cmd, marker: marker,
		ready: make(chan struct{}), exited: make(chan struct{}),
	}
}

// start runs the process and its two goroutines.
func (p *process) start() error {
	log, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.cmd.Stderr = p.cmd.Stdout
	started := make(chan error)
	go func() {
		// The kernel ends the child when the thread that started it ends, not the process. So
		// the thread is kept as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		read := make(chan struct{})
		go func() {
			defer close(read)
			p.readLog(log)
		}()
		<-read
		_ = p.cmd.Wait() // the log says why; a killed server is what was asked for
		close(p.exited)
	}()
	return <-started
}

// readLog runs until the process closes its log, and closes ready once.
func (p *process) readLog(log io.Reader) {
	lines := bufio.NewScanner(log)
	announced := false
	for lines.Scan() {
		line := lines.Text()
		p.mu.Lock()
		p.last = append(p.last, line)
		p.last = p.last[max(0, len(p.last)-logLines):]
		p.mu.Unlock()
		if !announced && strings.Contains(line, p.marker) {
			announced = true
			close(p.ready)
		}
	}
}

// end makes the process end and returns when it is gone.
func (p *process) end(sig syscall.Signal) {
	_ = p.cmd.Process.Signal(sig) // fails only when it is gone already
	patience := time.NewTimer(stopWithin)
	defer patience.Stop()
	select {
	case <-p.exited:
		return
	case <-patience.C:
	}
	_ = p.cmd.Process.Kill()
	<-p.exited
}

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// failure says why the server does not run, in its own words.
func (p *process) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	said := strings.Join(p.last, "\n")
	if strings.Contains(said, "Address already in use") {
		return fmt.Errorf("%w: %s", errPortTaken, said)
	}
	return fmt.Errorf("%s ended: %s", program, said)
}

// freePort asks the system for one that nobody listens on.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
