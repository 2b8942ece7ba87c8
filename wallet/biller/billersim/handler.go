package billersim

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"ussdgw/wallet/money"
)

// Handler is all that the server answers, without its listener.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/osmp", "/osmp/{provider}"} {
		mux.Handle(path, s.asked(s.osmp))
	}
	for _, path := range []string{"POST /json", "POST /json/{provider}"} {
		mux.Handle(path, s.asked(s.json))
	}
	mux.HandleFunc("GET /faults", s.listFaults)
	mux.HandleFunc("POST /faults", s.addFaults)
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, r *http.Request) {
		s.ClearFaults(r.URL.Query().Get("kind"))
		s.listFaults(w, r)
	})
	mux.HandleFunc("GET /payments", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, s.Payments(r.URL.Query().Get("provider")))
	})
	mux.HandleFunc("GET /registry", s.registry)
	return http.MaxBytesHandler(mux, maxBodyOctets)
}

// asked lets in who has the password, where there is one.
func (s *Server) asked(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		same := subtle.ConstantTimeCompare([]byte(user+":"+password),
			[]byte(s.cfg.User+":"+s.cfg.Password))
		if s.cfg.User != "" && same != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="billersim"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next(w, r)
	})
}

// An encoder writes a reply in a protocol.
type encoder func(reply) (contentType, body string)

var (
	digits = regexp.MustCompile(`^[0-9]{1,20}$`)
	sum    = regexp.MustCompile(`^[0-9]{1,12}\.[0-9]{2}$`)
)

// osmp reads a request of OSMP, as strictly as the protocol is written.
func (s *Server) osmp(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		http.Error(w, "GET, or POST of a form", http.StatusMethodNotAllowed)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "no form", http.StatusBadRequest)
		return
	}
	q := ask{
		provider: r.PathValue("provider"), command: r.Form.Get("command"),
		txn: r.Form.Get("txn_id"), account: r.Form.Get("account"),
	}
	if q.provider == "" {
		q.provider = r.Form.Get("prv_id")
	}
	refuse := func(result int, comment string) {
		contentType, body := encodeOSMP(reply{txn: q.txn, result: result, comment: comment})
		write(w, contentType, body)
	}
	for name, values := range r.Form {
		if len(values) > 1 {
			refuse(resultOther, name+" more than once")
			return
		}
	}
	var err error
	switch {
	case q.command != "check" && q.command != "pay":
		refuse(resultOther, "no such command")
		return
	case !sum.MatchString(r.Form.Get("sum")):
		refuse(resultOther, "sum must have two decimals")
		return
	case q.command == "pay":
		if q.date, err = time.ParseInLocation("20060102150405", r.Form.Get("txn_date"),
			s.cfg.Zone); err != nil {
			refuse(resultOther, "txn_date must be YYYYMMDDHHMMSS")
			return
		}
	}
	q.amount, _ = money.Parse(r.Form.Get("sum"))
	if result, comment := q.fault(); result != resultOK {
		refuse(result, comment)
		return
	}
	s.serve(w, r, q, encodeOSMP)
}

// fault is what both protocols refuse.
func (q ask) fault() (result int, comment string) {
	switch {
	case !digits.MatchString(q.txn):
		return resultOther, "the id must have 1 to 20 digits"
	case q.amount <= 0:
		return 241, "the sum is too small"
	case q.account == "" || len(q.account) > 200 ||
		strings.ContainsFunc(q.account, unicode.IsControl):
		return resultFormat, "wrong format of the account"
	}
	return resultOK, ""
}

func encodeOSMP(r reply) (contentType, body string) {
	var b strings.Builder
	element := func(name, value string) {
		if value != "" {
			b.WriteString("<" + name + ">")
			_ = xml.EscapeText(&b, []byte(value))
			b.WriteString("</" + name + ">")
		}
	}
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<response>")
	element("osmp_txn_id", r.txn)
	element("prv_txn", r.providerTxn)
	if r.amount != 0 {
		element("sum", r.amount.String())
	}
	element("result", strconv.Itoa(r.result))
	element("comment", r.comment)
	if r.result == resultOK && r.holder.text != "" {
		b.WriteString(`<fields><field1 name="` + r.holder.field + `" type="disp">`)
		_ = xml.EscapeText(&b, []byte(r.holder.text))
		b.WriteString("</field1></fields>")
	}
	b.WriteString("</response>\n")
	return "text/xml; charset=utf-8", b.String()
}

// json reads a request of the plain protocol.
func (s *Server) json(w http.ResponseWriter, r *http.Request) {
	var in struct{ Command, Txn, Account, Amount, Date string }
	text, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(text, &in)
	}
	date, dateErr := time.Parse(time.RFC3339, in.Date)
	known := in.Command == "check" || in.Command == "pay" || in.Command == "status"
	if err != nil || dateErr != nil || !known || !sum.MatchString(in.Amount) {
		http.Error(w, "a JSON object with command (check, pay, status), txn, account, amount (with two "+
			"decimals) and date (RFC 3339)", http.StatusBadRequest)
		return
	}
	q := ask{
		provider: r.PathValue("provider"), command: in.Command, txn: in.Txn, account: in.Account,
		date: date,
	}
	q.amount, _ = money.Parse(in.Amount)
	if result, comment := q.fault(); result != resultOK {
		contentType, body := encodeJSON(reply{txn: q.txn, result: result, comment: comment})
		write(w, contentType, body)
		return
	}
	s.serve(w, r, q, encodeJSON)
}

func encodeJSON(r reply) (contentType, body string) {
	out := map[string]string{
		"result": fmt.Sprintf("result %d", r.result), // unless it is known
		"code":   strconv.Itoa(r.result), "id": r.providerTxn, "comment": r.comment, "txn": r.txn,
	}
	for _, known := range results() {
		if known.code == r.result {
			out["result"], out["reason"] = known.verdict, known.reason
		}
	}
	if r.amount != 0 {
		out["amount"] = r.amount.String()
	}
	if r.result == resultOK {
		out["holder"] = r.holder.text
	}
	text, _ := json.Marshal(out) // a map of texts cannot fail
	return "application/json", string(text) + "\n"
}

// serve does what a request asks, with the fault that strikes it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, q ask, encode encoder) {
	wait, fault := s.struck(q)
	if wait > 0 {
		stopping, ok := r.Context().Value(serverKey{}).(context.Context)
		if !ok {
			stopping = context.WithoutCancel(r.Context())
		}
		if s.cfg.Sleep(stopping, wait); stopping.Err() != nil {
			panic(http.ErrAbortHandler)
		}
	}
	switch fault.Kind {
	case "silent":
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case "cutbefore":
		panic(http.ErrAbortHandler)
	case "http":
		http.Error(w, "out of order", fault.number())
		return
	case "code":
		contentType, body := encode(reply{txn: q.txn, result: fault.number(), comment: "fault"})
		write(w, contentType, body)
		return
	}
	out := s.work(q, fault.Kind == "double")
	switch fault.Kind {
	case "lost":
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case "cutafter":
		panic(http.ErrAbortHandler) // cuts the connection, and is not logged
	case "httpafter":
		http.Error(w, "out of order", fault.number())
		return
	case "lie":
		out = reply{txn: q.txn, result: fault.number(), comment: "fault"}
	case "wrongtxn":
		last := len(out.txn) - 1
		out.txn = out.txn[:last] + string('0'+(out.txn[last]-'0'+1)%10)
	case "wrongsum":
		out.amount = q.amount + money.Som(1)
	case "long":
		out.comment = strings.Repeat("long ", 1<<20/5)
	}
	contentType, body := encode(out)
	if fault.Kind == "broken" {
		body = body[:len(body)/2]
	}
	write(w, contentType, body)
}

func write(w http.ResponseWriter, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	_, _ = io.WriteString(w, body) // whoever has gone misses it
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v)
}

func (s *Server) listFaults(w http.ResponseWriter, _ *http.Request) {
	type listed struct {
		Fault string `json:"fault"`
		Hits  int    `json:"hits"`
	}
	out := []listed{}
	s.mu.Lock()
	for _, a := range s.faults {
		out = append(out, listed{a.String(), a.hits})
	}
	s.mu.Unlock()
	writeJSON(w, out)
}

// addFaults sets the faults of the body, one on a line; all or none.
func (s *Server) addFaults(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	var faults []Fault
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		f, parseErr := ParseFault(line)
		err = errors.Join(err, parseErr)
		faults = append(faults, f)
	}
	if err == nil && len(faults) == 0 {
		err = errors.New("no fault in the body: one on a line, such as lost,times=2")
	}
	if err == nil {
		err = s.addAll(faults)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.listFaults(w, r)
}

func (s *Server) registry(w http.ResponseWriter, r *http.Request) {
	provider := r.URL.Query().Get("provider")
	day, err := time.ParseInLocation(time.DateOnly, r.URL.Query().Get("day"), s.cfg.Zone)
	if err != nil || provider == "" {
		http.Error(w, "say which: ?provider=severelectro&day=2026-03-01", http.StatusBadRequest)
		return
	}
	var b strings.Builder
	if err := s.Registry(&b, provider, day); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	write(w, "text/csv; charset=utf-8", b.String())
}
