package cashdesk

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
)

// Path is where the protocol is spoken.
const Path = "/osmp"

// requestTimeout bounds one request. An agent waits for 60 seconds.
const requestTimeout = 15 * time.Second

// An Issuer does what agents ask for. A *wallet.Issuer is one.
type Issuer interface {
	CheckCashIn(ctx context.Context, c wallet.CashIn) (owner string, err error)
	CashIn(ctx context.Context, c wallet.CashIn) (ledger.AgentTxn, error)
	PayOut(ctx context.Context, p wallet.PayOut) (ledger.AgentTxn, error)
}

// Metrics counts. Its labels come from small fixed sets. It is called from several goroutines.
type Metrics interface {
	// Request counts a request of a network, "" when it is not known whose it is, by its command
	// (check, pay, payout or other) and what was answered: a code of the protocol, or a status of
	// HTTP such as http_401.
	Request(network, command, result string, took time.Duration)
	// Conflict counts a repeat with other contents.
	Conflict(network string)
}

// noMetrics counts nothing.
type noMetrics struct{}

func (noMetrics) Request(string, string, string, time.Duration) {}
func (noMetrics) Conflict(string)                               {}

// handler speaks the protocol. It is safe for concurrent use.
type handler struct {
	issuer  Issuer
	doors   *doors
	slots   chan struct{} // one for each request under way
	metrics Metrics
	log     *zap.Logger
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	refuse := func(network string, status int) {
		h.metrics.Request(network, commandOther, "http_"+strconv.Itoa(status), time.Since(begun))
		http.Error(w, http.StatusText(status), status)
	}
	n, status := h.doors.enter(r)
	if status != http.StatusOK {
		if status == http.StatusUnauthorized {
			header.Set("WWW-Authenticate", `Basic realm="osmp"`)
			h.log.Warn("wrong user or password of a network", zap.String("from", r.RemoteAddr))
		}
		refuse("", status)
		return
	}
	switch {
	case r.URL.Path != Path:
		refuse(n.ID, http.StatusNotFound)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		header.Set("Allow", "GET, POST")
		refuse(n.ID, http.StatusMethodNotAllowed)
		return
	}
	// It is read before it takes a slot: whoever writes slowly takes none from the others.
	r.Body = http.MaxBytesReader(w, r.Body, maxBodyOctets)
	q, wrong := parse(r, n.TxnDigits)
	defer q.code.Wipe()
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default: // the agent repeats what got no answer
		header.Set("Retry-After", "1")
		refuse(n.ID, http.StatusServiceUnavailable)
		return
	}
	a := answer{Txn: q.sent}
	if wrong != nil {
		a.set(wrong.reason)
		if wrong.text != "" {
			a.Comment = wrong.text
		}
	} else {
		// What was asked for is done to its end, whether or not the agent still listens.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), requestTimeout)
		defer cancel()
		h.do(ctx, n, q, &a)
	}
	h.metrics.Request(n.ID, q.command, a.Result.String(), time.Since(begun))
	h.send(w, a)
}

// do does a request and fills its answer.
func (h *handler) do(ctx context.Context, n Network, q request, a *answer) {
	order := wallet.CashIn{
		Agent: n.ID, Name: n.Name, Txn: q.txn, Number: q.number, Account: q.account, Amount: q.sum,
		TxnDate: q.date,
	}
	var stored ledger.AgentTxn
	var owner string
	var err error
	switch q.command {
	case commandCheck:
		owner, err = h.issuer.CheckCashIn(ctx, order)
	case commandPay:
		stored, err = h.issuer.CashIn(ctx, order)
	case commandPayOut:
		stored, err = h.issuer.PayOut(ctx, wallet.PayOut{
			Agent: n.ID, Txn: q.txn, Number: q.number, Account: q.account, Code: q.code,
			Amount: q.sum, TxnDate: q.date,
		})
	}
	if err != nil {
		h.failed(n, q, err)
		a.set(reasonOf(err, q.command))
		return
	}
	if q.command == commandCheck {
		a.set(ledger.Done)
		a.Fields = &fields{Name: field{Name: "name", Type: "disp", Text: owner}}
		return
	}
	a.set(ledger.Reason(stored.Verdict))
	if stored.Verdict == ledger.Done {
		a.Provider, a.Sum = strconv.FormatInt(stored.Number, 10), stored.Amount.String()
	}
}

// failed logs what somebody has to look at.
func (h *handler) failed(n Network, q request, err error) {
	log := h.log.With(zap.String("network", n.ID), zap.String("command", q.command),
		zap.String("txn", q.txn), zap.Stringer("msisdn", q.number))
	switch reason := ledger.ReasonOf(err); {
	case reason == ledger.ReasonKeyReused:
		h.metrics.Conflict(n.ID)
		log.Error("an agent repeats a txn_id with another account, sum or code")
	case reason == ledger.ReasonFloat:
		log.Warn("the float of an agent is used up")
	case reason == "":
		log.Error("a request of an agent failed", zap.Error(err))
	}
}

// An answer is what is sent. Its fields are in the protocol's order.
type answer struct {
	XMLName  xml.Name `xml:"response"`
	Txn      string   `xml:"osmp_txn_id"`
	Provider string   `xml:"prv_txn,omitempty"`
	Sum      string   `xml:"sum,omitempty"`
	Result   Result   `xml:"result"`
	Comment  string   `xml:"comment"`
	Fields   *fields  `xml:"fields,omitempty"`
}

type fields struct {
	Name field `xml:"field1"`
}

type field struct {
	Name string `xml:"name,attr"`
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

// set fills in what a reason is in the protocol. What has no place in the table was refused for
// good.
func (a *answer) set(reason ledger.Reason) {
	o, ok := outcomes()[reason]
	if !ok {
		o = outcome{Other, string(reason)}
	}
	a.Result, a.Comment = o.result, o.comment
}

func (h *handler) send(w http.ResponseWriter, a answer) {
	text, err := xml.Marshal(a)
	if err != nil { // an answer always has an XML form
		panic(fmt.Sprintf("cashdesk: answer: %v", err))
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	if _, err := w.Write(append([]byte(xml.Header), append(text, '\n')...)); err != nil {
		h.log.Info("an agent has left before the answer", zap.Error(err))
	}
}
