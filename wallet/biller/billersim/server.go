package billersim

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"ussdgw/wallet/biller/registry"
	"ussdgw/wallet/money"
)

// The bounds of a Server.
const (
	// MaxPayments is how many payments are kept; then a pay is answered with the result 8.
	MaxPayments   = 1_000_000
	maxBodyOctets = 64 << 10
	readTimeout   = 10 * time.Second
	closeTimeout  = 3 * time.Second // for requests under way at a stop
	firstID       = 1000001         // the first prv_txn
)

//go:embed holders.txt
var holdersText string

// Config is what a Server is made of. The zero value will do.
type Config struct {
	Now func() time.Time // when a payment is done [time.Now]
	// Sleep waits for the fault slow, until ctx ends: when the server stops, not when the client
	// goes away. [a timer]
	Sleep func(ctx context.Context, d time.Duration)
	Zone  *time.Location // of txn_date, and of the days of registries [UTC]
	// User and Password are asked for by basic auth of /osmp and /json. [nobody is asked]
	User, Password string
}

// A Payment is one that was done. The fault double does one transaction more than once.
type Payment struct {
	Provider    string       `json:"provider"`
	Txn         string       `json:"txn"`
	ProviderTxn string       `json:"prv_txn"`
	Account     string       `json:"account"`
	Amount      money.Amount `json:"amount"` // in tyiyn
	Date        time.Time    `json:"date"`   // as the payer said
	At          time.Time    `json:"at"`     // when it was done
	Repeats     int          `json:"repeats"`
}

// A Server plays any number of providers.
type Server struct {
	cfg     Config
	holders []holder

	mu       sync.Mutex
	faults   []*armed
	payments []Payment
	done     map[string]int // provider/txn → place in payments of the first one
}

// New returns a Server that nobody reaches until its Handler is served.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	return &Server{cfg: cfg, holders: parseHolders(holdersText), done: map[string]int{}}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Run serves a listener until ctx ends. Requests under way are then cut off, and nil is returned
// when all have ended.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	requests = context.WithValue(requests, serverKey{}, requests)
	server := &http.Server{
		Handler: s.Handler(), ReadTimeout: readTimeout, IdleTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return requests },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("billersim: %w", err)
	case <-ctx.Done():
	}
	cut()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	err := server.Shutdown(closing)
	if err != nil {
		err = errors.Join(fmt.Errorf("billersim: %w", err), server.Close())
	}
	<-failed
	return err
}

// serverKey has the context that ends when a server stops: that of a request ends when its client
// goes away, too.
type serverKey struct{}

// AddFault sets a fault. The first one set that is for a request strikes, after any slow ones.
func (s *Server) AddFault(f Fault) error { return s.addAll([]Fault{f}) }

// addAll sets all faults or, when one is wrong or they are too many, none.
func (s *Server) addAll(faults []Fault) error {
	var list []*armed
	for _, f := range faults {
		if f.Command == "" {
			f.Command = "pay"
		}
		if err := f.validate(); err != nil {
			return fmt.Errorf("billersim: %w", err)
		}
		list = append(list, &armed{Fault: f, of: map[string]int{}})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults)+len(list) > MaxFaults {
		return fmt.Errorf("billersim: more than %d faults, remove some", MaxFaults)
	}
	s.faults = append(s.faults, list...)
	return nil
}

// ClearFaults removes the faults of a kind, or all with "".
func (s *Server) ClearFaults(kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []*armed
	for _, a := range s.faults {
		if kind != "" && a.Kind != kind {
			kept = append(kept, a)
		}
	}
	s.faults = kept
}

// Payments lists what was done, in that order, of one provider or, with "", of all.
func (s *Server) Payments(provider string) []Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Payment{}
	for _, p := range s.payments {
		if provider == "" || p.Provider == provider {
			out = append(out, p)
		}
	}
	return out
}

// Registry writes what a provider was paid on the day of the given time, by the payer's dates in
// Config.Zone, in the default form.
func (s *Server) Registry(w io.Writer, provider string, day time.Time) error {
	out, err := registry.NewWriter(w, registry.Profile{Zone: s.cfg.Zone})
	if err != nil {
		return err
	}
	for _, p := range s.Payments(provider) {
		if p.Date.In(s.cfg.Zone).Format(time.DateOnly) != day.In(s.cfg.Zone).Format(time.DateOnly) {
			continue
		}
		err := out.Write(registry.Line{
			Txn: p.Txn, ProviderTxn: p.ProviderTxn, At: p.Date, Account: p.Account, Amount: p.Amount,
		})
		if err != nil {
			return err
		}
	}
	return out.Close()
}

// An ask is what one request wants, whatever the protocol.
type ask struct {
	provider, command, txn, account string
	amount                          money.Amount
	date                            time.Time // zero in a check
}

// A reply is what it gets.
type reply struct {
	txn, providerTxn string
	amount           money.Amount // 0: not told
	result           int          // of OSMP
	comment          string
	holder           holder
}

// struck returns how long the request must wait and the fault that strikes, or one without a kind.
func (s *Server) struck(q ask) (time.Duration, Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var wait time.Duration
	var fault Fault
	for _, a := range s.faults {
		if a.Kind != "slow" && fault.Kind != "" || !a.strikes(q) {
			continue
		}
		if a.Kind == "slow" {
			d, _ := time.ParseDuration(a.Value)
			wait += d
		} else {
			fault = a.Fault
		}
	}
	return wait, fault
}

// work does what is asked, as a provider must, or twice.
func (s *Server) work(q ask, double bool) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := reply{txn: q.txn, holder: s.holderOf(q.account), comment: "OK"}
	key := q.provider + "/" + q.txn
	at, paid := s.done[key]
	if q.command == "status" && !paid {
		out.result, out.comment = resultTemporary, "no such payment"
		return out
	}
	if paid && q.command != "check" {
		first := &s.payments[at]
		if first.Account != q.account || first.Amount != q.amount {
			out.result, out.comment = resultOther, "the id is that of another payment"
			return out
		}
		if q.command == "pay" {
			first.Repeats++
		}
		if !double || q.command == "status" {
			out.providerTxn, out.amount = first.ProviderTxn, first.Amount
			return out
		}
	}
	if result, comment := accountResult(q.account); result != resultOK {
		out.result, out.comment = result, comment
		return out
	}
	if q.command == "check" {
		return out
	}
	if len(s.payments) >= MaxPayments {
		out.result, out.comment = resultTechnical, "no more payments are kept"
		return out
	}
	out.providerTxn, out.amount = strconv.Itoa(firstID+len(s.payments)), q.amount
	if !paid {
		s.done[key] = len(s.payments)
	}
	s.payments = append(s.payments, Payment{
		Provider: q.provider, Txn: q.txn, ProviderTxn: out.providerTxn, Account: q.account,
		Amount: q.amount, Date: q.date.In(s.cfg.Zone), At: s.cfg.Now(),
	})
	return out
}

// The results that the simulator gives of itself.
const (
	resultOK        = 0
	resultTemporary = 1
	resultFormat    = 4
	resultTechnical = 8
	resultOther     = 300
)

// accountResult is the result of an account that begins with 9990.
func accountResult(account string) (int, string) {
	code, special := strings.CutPrefix(account, "9990")
	n, err := strconv.Atoi(code)
	if !special || err != nil || n < 0 {
		return resultOK, ""
	}
	for _, r := range results() {
		if r.code == n {
			return n, r.comment
		}
	}
	return resultOK, ""
}

// A result is one code of OSMP, with the words that the JSON protocol has for it.
type result struct {
	code            int
	verdict, reason string
	comment         string
}

func results() []result {
	return []result{
		{0, "done", "", "OK"},
		{1, "unknown", "temporary", "temporary error"},
		{4, "refused", "account_format", "wrong format of the account"},
		{5, "refused", "account_unknown", "no such account"},
		{7, "refused", "forbidden", "payments are forbidden"},
		{8, "refused", "technical", "payments are forbidden for technical reasons"},
		{31, "refused", "extra_field", "wrong extra field"},
		{32, "refused", "rate", "the rate has changed"},
		{79, "refused", "inactive", "the account is not active"},
		{90, "unknown", "pending", "the payment is not finished"},
		{241, "refused", "too_small", "the sum is too small"},
		{242, "refused", "too_large", "the sum is too large"},
		{243, "refused", "unchecked", "the account's state cannot be checked"},
		{300, "refused", "other", "other error"},
	}
}

// A holder is whose an account is.
type holder struct{ field, text string }

func parseHolders(text string) []holder {
	var out []holder
	for line := range strings.Lines(text) {
		field, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok && !strings.HasPrefix(field, "#") {
			out = append(out, holder{field, value})
		}
	}
	return out
}

// holderOf chooses by a hash of the account.
func (s *Server) holderOf(account string) holder {
	h := fnv.New32a()
	_, _ = io.WriteString(h, account)
	n := int(h.Sum32() >> 1)
	out := s.holders[n%len(s.holders)]
	n /= len(s.holders)
	out.text = strings.ReplaceAll(out.text, "%h", strconv.Itoa(1+n%120))
	out.text = strings.ReplaceAll(out.text, "%f", strconv.Itoa(1+n/120%60))
	return out
}
