// Package pgserver runs a private PostgreSQL server as a child process: own directory, free
// port, loopback only, own password. Tests and local trials use it; it is no way to run a
// production database.
//
// Start keeps one goroutine, which waits for the child, and one, which reads its log; both end
// with the child. The child is killed when this process dies.
package pgserver

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	superuser    = "postgres"
	database     = "postgres"
	portTries    = 5 // another process may take a free port first
	startTimeout = 60 * time.Second
	stopTimeout  = 20 * time.Second
)

// ErrNotInstalled says that no PostgreSQL server was found on this machine.
var ErrNotInstalled = errors.New("pgserver: PostgreSQL is not installed")

// A Server is a running PostgreSQL.
type Server struct {
	dir     string
	private bool // dir was made by Start
	bin     string
	user    *credential
	noSync  bool

	password string
	port     int
	process  *process
}

// An Option changes how Start starts.
type Option func(*Server)

// NoSync lets the server lose or damage its data when the machine fails. It is for data that
// nobody keeps.
func NoSync() Option { return func(s *Server) { s.noSync = true } }

// Available returns nil when a server can be started, otherwise an error that says why not.
func Available() error {
	_, err := binaries()
	return err
}

// binaries returns the folder of initdb and postgres: of the PATH, or the newest version among
// the packages of Debian and its like.
func binaries() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(path)) {
			return filepath.Dir(path), nil
		}
	}
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", fmt.Errorf("pgserver: %w", err)
	}
	slices.SortFunc(folders, func(a, b string) int { return version(b) - version(a) })
	for _, folder := range folders {
		if complete(folder) {
			return folder, nil
		}
	}
	return "", fmt.Errorf("%w: neither postgres and initdb in PATH nor /usr/lib/postgresql/*/bin",
		ErrNotInstalled)
}

func complete(folder string) bool {
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := exec.LookPath(filepath.Join(folder, name)); err != nil {
			return false
		}
	}
	return true
}

// version is the number in /usr/lib/postgresql/15/bin, 0 when there is none.
func version(folder string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	if err != nil {
		return 0
	}
	return n
}

// Start starts a server whose data is in dir, which it creates, or in a new temporary directory
// that Stop removes when dir is "". Data that is there already is used again. It returns when the
// server accepts connections. As root it runs the server as another user, who has to be able to
// reach dir; ctx bounds the start only.
func Start(ctx context.Context, dir string, options ...Option) (*Server, error) {
	s := &Server{dir: dir}
	for _, o := range options {
		o(s)
	}
	if err := s.start(ctx); err != nil {
		s.Stop()
		return nil, fmt.Errorf("pgserver: start: %w", err)
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) (err error) {
	if s.bin, err = binaries(); err != nil {
		return err
	}
	if s.user, err = unprivileged(); err != nil {
		return err
	}
	if s.dir == "" {
		s.private = true
		if s.dir, err = os.MkdirTemp("", "ussdgw-postgres-"); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.initialize(ctx); err != nil {
		return err
	}
	for range portTries {
		if s.port, err = freePort(); err != nil {
			return err
		}
		if err = s.launch(ctx); err == nil || !errors.Is(err, errPortTaken) {
			return err
		}
	}
	return err
}

// initialize makes the directory and, once, the data in it.
func (s *Server) initialize(ctx context.Context) error {
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return err
	}
	s.dir = dir
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if err := s.user.own(s.dir); err != nil {
		return err
	}
	passwordFile := filepath.Join(s.dir, "password")
	if _, err := os.Stat(filepath.Join(s.data(), "PG_VERSION")); err == nil {
		password, err := os.ReadFile(passwordFile)
		s.password = string(password)
		return err
	}
	s.password = rand.Text()
	if err := os.WriteFile(passwordFile, []byte(s.password), 0o600); err != nil {
		return err
	}
	if err := s.user.own(passwordFile); err != nil {
		return err
	}
	args := []string{
		"--pgdata", s.data(), "--username", superuser, "--pwfile", passwordFile,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C",
	}
	if s.noSync {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), args...)
	s.configure(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w: %s", s.dir, err, bytes.TrimSpace(out))
	}
	return nil
}

// configure gives a child the user, the folder and a locale whose messages launch can read.
func (s *Server) configure(cmd *exec.Cmd) {
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "LANGUAGE=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.user.credential()}
}

var errPortTaken = errors.New("the port was taken meanwhile")

// launch starts the server and waits until it accepts connections.
func (s *Server) launch(ctx context.Context) error {
	args := []string{
		"-D", s.data(), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "log_destination=stderr", "-c", "logging_collector=off", "-c", "lc_messages=C",
		"-c", "max_connections=200", "-c", "jit=off",
	}
	if s.noSync {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), args...)
	s.configure(cmd)
	p, err := launch(cmd)
	if err != nil {
		return err
	}
	s.process = p
	select {
	case <-p.log.ready:
		return nil
	case <-p.exited:
		s.process = nil
		if strings.Contains(p.log.tail(), "Address already in use") {
			return errPortTaken
		}
		return fmt.Errorf("the server ended: %s", p.log.tail())
	case <-ctx.Done():
		return fmt.Errorf("%w: %s", ctx.Err(), p.log.tail())
	}
}

// freePort returns a loopback port that nobody listens on now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// URL is the connection string, password included.
func (s *Server) URL() string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, s.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// PID is the process id of the server.
func (s *Server) PID() int { return s.process.pid }

// Log returns the end of the server's log.
func (s *Server) Log() string { return s.process.log.tail() }

// Kill ends the server as a crash does: at once, without a last checkpoint.
func (s *Server) Kill() {
	s.process.signal(syscall.SIGQUIT)
	s.process.wait(stopTimeout)
}

// Restart starts a server that was killed, on the same port.
func (s *Server) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.launch(ctx); err != nil {
		return fmt.Errorf("pgserver: restart: %w", err)
	}
	return nil
}

// Stop ends the server, cutting its connections, and removes a private directory.
func (s *Server) Stop() {
	if s.process != nil {
		s.process.signal(syscall.SIGINT)
		s.process.wait(stopTimeout)
		s.process = nil
	}
	if s.private && s.dir != "" {
		_ = os.RemoveAll(s.dir) // a leftover in the temporary directory harms nobody
	}
}
