package sim

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"ussdgw/smsc/charset"
	"ussdgw/smsc/pdu"
)

// Bounds of the phone's HTTP interface.
const (
	maxPhoneBody  = 4 << 10          // octets of a request or a response
	maxPhoneCalls = 1_000            // dialogues that are open over HTTP
	phoneTimeout  = 30 * time.Second // for one screen
	pollTimeout   = 20 * time.Second // for one wait for an SMS; the client asks again
)

// phoneRequest is the body of every request.
type phoneRequest struct {
	Call   string `json:"call,omitempty"` // which dialogue, from the answer to dial
	MSISDN string `json:"msisdn,omitempty"`
	IMSI   string `json:"imsi,omitempty"` // of the SIM that dials
	Text   string `json:"text,omitempty"` // the code dialled or what is typed, perhaps a PIN
	N      int    `json:"n,omitempty"`    // which SMS, counted from 1
}

// phoneResponse is the body of every response.
type phoneResponse struct {
	Call   string  `json:"call,omitempty"`
	Screen *Screen `json:"screen,omitempty"`
	SMS    *SMS    `json:"sms,omitempty"`
	Error  string  `json:"error,omitempty"` // one of the words of phoneErrors
	Status uint32  `json:"status,omitempty"`
}

// phoneErrors are the errors that a client can tell apart.
var phoneErrors = map[string]error{
	"not_bound": ErrNotBound,
	"ended":     ErrEnded,
	"full":      ErrFull,
	"busy":      ErrBusy,
	"no_call":   ErrNoCall,
	"timeout":   context.DeadlineExceeded,
}

var (
	// ErrBusy says that the phone waits for a screen and can type nothing.
	ErrBusy = errors.New("sim: phone: still waiting for a screen")
	// ErrNoCall says that the phone has no dialogue.
	ErrNoCall = errors.New("sim: phone: no dialogue")
)

// A phoneServer serves phones over HTTP.
type phoneServer struct {
	center *Center

	mu    sync.Mutex
	calls map[string]*call
	order []string // ids of calls, oldest first
}

// A call is a dialogue that a client holds by an id nobody can guess.
type call struct {
	mu       sync.Mutex // held while a request uses the dialogue
	dialogue *Dialogue
}

// PhoneHandler serves the phones of people at another process: POST /dial, /send, /hangup and
// /sms with JSON bodies; Phone is the client. It answers only requests from this machine, and
// logs nothing: what is typed may be a PIN.
func (c *Center) PhoneHandler() http.Handler {
	s := &phoneServer{center: c, calls: map[string]*call{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /dial", s.endpoint(s.dial))
	mux.HandleFunc("POST /send", s.endpoint(s.send))
	mux.HandleFunc("POST /hangup", s.endpoint(s.hangUp))
	mux.HandleFunc("POST /sms", s.endpoint(s.sms))
	return mux
}

// endpoint guards one operation and turns its result into JSON. A page of another site cannot
// reach it: a browser sends application/json across sites only after asking, which is refused.
func (s *phoneServer) endpoint(
	do func(context.Context, phoneRequest) (phoneResponse, error),
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			http.Error(w, "only from this machine", http.StatusForbidden)
			return
		}
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || media != "application/json" {
			http.Error(w, "application/json is required", http.StatusUnsupportedMediaType)
			return
		}
		var request phoneRequest
		body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPhoneBody))
		body.DisallowUnknownFields()
		if err := body.Decode(&request); err != nil {
			http.Error(w, "bad request body", http.StatusBadRequest)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), phoneTimeout)
		defer cancel()
		response, err := do(ctx, request)
		if err != nil {
			response = failure(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		// A client that has gone cannot be told.
		_ = json.NewEncoder(w).Encode(response)
	}
}

func failure(err error) phoneResponse {
	var refused *RefusedError
	if errors.As(err, &refused) {
		return phoneResponse{Error: "refused", Status: uint32(refused.Status)}
	}
	for word, target := range phoneErrors {
		if errors.Is(err, target) {
			return phoneResponse{Error: word}
		}
	}
	return phoneResponse{Error: "failed"}
}

func (s *phoneServer) dial(ctx context.Context, r phoneRequest) (phoneResponse, error) {
	d, screen, err := s.center.DialFrom(ctx, SIM{MSISDN: r.MSISDN, IMSI: r.IMSI}, r.Text)
	if err != nil {
		return phoneResponse{}, err
	}
	return phoneResponse{Call: s.keep(d), Screen: &screen}, nil
}

func (s *phoneServer) send(ctx context.Context, r phoneRequest) (phoneResponse, error) {
	call, err := s.take(r.Call)
	if err != nil {
		return phoneResponse{}, err
	}
	defer call.mu.Unlock()
	screen, err := call.dialogue.Send(ctx, r.Text)
	if err != nil {
		return phoneResponse{}, err
	}
	return phoneResponse{Call: r.Call, Screen: &screen}, nil
}

func (s *phoneServer) hangUp(ctx context.Context, r phoneRequest) (phoneResponse, error) {
	call, err := s.take(r.Call)
	if err != nil {
		return phoneResponse{}, err
	}
	defer call.mu.Unlock()
	return phoneResponse{}, call.dialogue.HangUp(ctx)
}

// sms waits for a message. Without one it answers an empty object, and the client asks again.
func (s *phoneServer) sms(ctx context.Context, r phoneRequest) (phoneResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	sms, err := s.center.WaitSMS(ctx, r.MSISDN, r.N)
	if errors.Is(err, context.DeadlineExceeded) {
		return phoneResponse{}, nil
	}
	return phoneResponse{SMS: &sms}, err
}

// keep gives d an id. The oldest call makes room when there are too many.
func (s *phoneServer) keep(d *Dialogue) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == maxPhoneCalls {
		s.calls[s.order[0]].dialogue.Vanish()
		delete(s.calls, s.order[0])
		s.order = s.order[1:]
	}
	id := rand.Text()
	s.calls[id] = &call{dialogue: d}
	s.order = append(s.order, id)
	return id
}

// take returns a call with its lock held.
func (s *phoneServer) take(id string) (*call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.calls[id]
	switch {
	case !ok:
		return nil, ErrNoCall
	case !c.mu.TryLock():
		return nil, ErrBusy
	}
	return c, nil
}

// A Phone is a phone at a center in another process. One goroutine at a time may use it, but for
// WaitSMS, which may be called beside the others.
type Phone struct {
	base   string
	client *http.Client
	call   string
}

// NewPhone returns a phone at the PhoneHandler that is mounted at baseURL.
func NewPhone(baseURL string) *Phone {
	return &Phone{
		base:   strings.TrimSuffix(baseURL, "/"),
		client: &http.Client{Timeout: phoneTimeout + 5*time.Second},
	}
}

// Dial begins a dialogue, as Center.Dial does.
func (p *Phone) Dial(ctx context.Context, msisdn, code string) (Screen, error) {
	return p.DialFrom(ctx, SIM{MSISDN: msisdn}, code)
}

// DialFrom begins a dialogue, as Center.DialFrom does.
func (p *Phone) DialFrom(ctx context.Context, from SIM, code string) (Screen, error) {
	response, err := p.post(ctx, "/dial", phoneRequest{
		MSISDN: from.MSISDN, IMSI: from.IMSI, Text: code,
	})
	if err != nil {
		return Screen{}, err
	}
	p.call = response.Call
	return response.screen()
}

// Send types text and returns the next screen.
func (p *Phone) Send(ctx context.Context, text string) (Screen, error) {
	response, err := p.post(ctx, "/send", phoneRequest{Call: p.call, Text: text})
	if err != nil {
		return Screen{}, err
	}
	return response.screen()
}

// HangUp ends the dialogue from the phone.
func (p *Phone) HangUp(ctx context.Context) error {
	_, err := p.post(ctx, "/hangup", phoneRequest{Call: p.call})
	return err
}

// WaitSMS returns the n-th SMS of a number, counted from 1, as soon as it is there.
func (p *Phone) WaitSMS(ctx context.Context, msisdn string, n int) (SMS, error) {
	for {
		response, err := p.post(ctx, "/sms", phoneRequest{MSISDN: msisdn, N: n})
		if err != nil {
			return SMS{}, err
		}
		if response.SMS != nil {
			return *response.SMS, nil
		}
	}
}

// Close lets go of the connections that are kept for the next request.
func (p *Phone) Close() { p.client.CloseIdleConnections() }

func (p *Phone) post(ctx context.Context, path string, r phoneRequest) (phoneResponse, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return phoneResponse{}, fmt.Errorf("sim: phone: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base+path,
		bytes.NewReader(body))
	if err != nil {
		return phoneResponse{}, fmt.Errorf("sim: phone: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := p.client.Do(request)
	if err != nil {
		return phoneResponse{}, fmt.Errorf("sim: phone: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return phoneResponse{}, fmt.Errorf("sim: phone: %s", answer.Status)
	}
	// A long SMS is larger than what is typed.
	limited := io.LimitReader(answer.Body, 64*maxPhoneBody)
	var response phoneResponse
	if err := json.NewDecoder(limited).Decode(&response); err != nil {
		return phoneResponse{}, fmt.Errorf("sim: phone: bad response: %w", err)
	}
	return response, response.failure()
}

// failure returns the error that the center has had.
func (r phoneResponse) failure() error {
	switch {
	case r.Error == "":
		return nil
	case r.Error == "refused":
		return fmt.Errorf("sim: phone: %w", &RefusedError{pdu.Status(r.Status)})
	case phoneErrors[r.Error] != nil:
		return fmt.Errorf("sim: phone: %w", phoneErrors[r.Error])
	}
	return fmt.Errorf("sim: phone: the center answers %q", r.Error)
}

func (r phoneResponse) screen() (Screen, error) {
	if r.Screen == nil {
		return Screen{}, errors.New("sim: phone: response without a screen")
	}
	if a := r.Screen.Alphabet; a != charset.GSM7 && a != charset.UCS2 {
		return Screen{}, fmt.Errorf("sim: phone: unknown alphabet %d", a)
	}
	return *r.Screen, nil
}
