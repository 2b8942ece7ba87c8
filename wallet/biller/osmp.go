package biller

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"ussdgw/wallet/money"
)

const (
	opCheck  = "check"
	opPay    = "pay"
	opStatus = "status"

	// osmpTime is the layout of txn_date.
	osmpTime = "20060102150405"
)

// osmpBiller is a provider that speaks OSMP.
type osmpBiller struct{ http *exchanger }

// NewOSMP returns the client of OSMP's provider protocol (check and pay by HTTP GET, answers in
// XML, UTF-8 or windows-1251), which many providers of the region speak. It does no I/O.
//
// The protocol has no status: Status is Pay once more. An answer must repeat our txn_id; the sum
// that it repeats, if it does, must be ours, or zero in a refusal.
func NewOSMP(cfg Config) (Biller, error) {
	e, err := newExchanger(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Bearer != "" {
		return nil, errors.New("biller: OSMP has basic auth and certificates, no bearer token")
	}
	for name := range e.url.Query() {
		if slices.Contains(osmpParameters(), name) {
			return nil, fmt.Errorf("biller: the URL must not hold %q, which the protocol sets", name)
		}
	}
	return &osmpBiller{e}, nil
}

// Check asks whether the account can be paid.
func (o *osmpBiller) Check(ctx context.Context, r Request) (Answer, error) {
	return o.ask(ctx, opCheck, opCheck, r)
}

// Pay pays.
func (o *osmpBiller) Pay(ctx context.Context, r Request) (Answer, error) {
	return o.ask(ctx, opPay, opPay, r)
}

// Status pays again with the same id: the protocol has no other question.
func (o *osmpBiller) Status(ctx context.Context, r Request) (Answer, error) {
	return o.ask(ctx, opStatus, opPay, r)
}

func (o *osmpBiller) ask(ctx context.Context, op, command string, r Request) (Answer, error) {
	if fault := r.fault(osmpParameters()...); fault != "" {
		return malformed(op, r, fault)
	}
	body, answer, err := o.http.do(ctx, op, r, func(ctx context.Context) (*http.Request, error) {
		u := *o.http.url
		u.RawQuery = osmpQuery(o.http.cfg, u.RawQuery, command, r)
		return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	})
	if err != nil {
		return answer, err
	}
	answer, reason, err := parseOSMP(o.http.cfg, command, r, body)
	if err != nil {
		return o.http.broken(op, r, answer, reason, err)
	}
	return answer, nil
}

// osmpParameters are the names that the protocol uses itself.
func osmpParameters() []string {
	return []string{"command", "txn_id", "txn_date", "account", "sum", "ccy", "prv_id"}
}

// osmpQuery is the request: what the URL of the configuration has itself, then ours.
func osmpQuery(cfg Config, own, command string, r Request) string {
	q := url.Values{
		"command": {command}, "txn_id": {r.Txn}, "account": {r.Account}, "sum": {r.Amount.String()},
	}
	if command == opPay {
		q.Set("txn_date", r.At.In(cfg.Zone).Format(osmpTime))
	}
	for name, value := range map[string]string{"prv_id": cfg.PrvID, "ccy": cfg.Currency} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, value := range r.Fields {
		q.Set(name, value)
	}
	return strings.TrimPrefix(own+"&"+q.Encode(), "&")
}

// osmpResponse is an answer. What may come once is a list, to see that it did.
type osmpResponse struct {
	XMLName     xml.Name `xml:"response"`
	Txn         []string `xml:"osmp_txn_id"`
	ProviderTxn []string `xml:"prv_txn"`
	Sum         []string `xml:"sum"`
	Result      []string `xml:"result"`
	Comment     []string `xml:"comment"`
	Fields      []struct {
		All []struct {
			XMLName xml.Name
			Name    string `xml:"name,attr"`
			Text    string `xml:",chardata"`
		} `xml:",any"`
	} `xml:"fields"`
}

// parseOSMP reads the answer to a command. An error means that the answer cannot be believed; the
// Answer then has what was readable of code and comment.
func parseOSMP(cfg Config, command string, r Request, body []byte) (Answer, Reason, error) {
	x, err := decodeOSMP(body)
	if err != nil {
		return Answer{}, ReasonBroken, err
	}
	var txn, sum, result, comment, theirs string
	for _, f := range []struct {
		name   string
		values []string
		to     *string
	}{
		{"osmp_txn_id", x.Txn, &txn},
		{"sum", x.Sum, &sum},
		{"result", x.Result, &result},
		{"comment", x.Comment, &comment},
		{"prv_txn", x.ProviderTxn, &theirs},
	} {
		if len(f.values) > 1 {
			return Answer{}, ReasonBroken, fmt.Errorf("the answer has %s %d times", f.name, len(f.values))
		}
		if len(f.values) == 1 {
			*f.to = strings.TrimSpace(f.values[0])
		}
	}
	a := Answer{
		Code: oneLine(result, MaxCode), Comment: spoken(comment, MaxComment), ProviderTxn: theirs,
	}
	if txn != r.Txn {
		return a, ReasonBroken, errors.New("the answer is to another osmp_txn_id")
	}
	known := false
	if a.Verdict, a.Reason, known = osmpCode(result); !known {
		return a, ReasonUnknownCode, fmt.Errorf("the protocol has no result %q", a.Code)
	}
	if a.Amount, err = echoed(sum, a.Verdict, r.Amount); err != nil {
		return a, ReasonBroken, err
	}
	if !plain(theirs, MaxProviderTxn) {
		return a, ReasonBroken, errors.New("the prv_txn is no id")
	}
	a.Holder = osmpHolder(cfg, command, x, a)
	return a, "", nil
}

// decodeOSMP reads one whole XML document.
func decodeOSMP(body []byte) (osmpResponse, error) {
	var x osmpResponse
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(charset) {
		case "windows-1251", "cp1251":
			return charmap.Windows1251.NewDecoder().Reader(in), nil
		}
		return nil, fmt.Errorf("the answer is in %.20q, which is not read", charset)
	}
	if err := d.Decode(&x); err != nil {
		return x, fmt.Errorf("the answer is no XML response: %w", err)
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return x, nil
		}
		if err != nil {
			return x, fmt.Errorf("after the XML response: %w", err)
		}
		text, isText := token.(xml.CharData)
		if _, isComment := token.(xml.Comment); !isComment && !isText ||
			len(bytes.TrimSpace(text)) > 0 {
			return x, errors.New("more than a response in the answer")
		}
	}
}

// osmpCode is the meaning of a result. It is compared as text: "00" is no code of the protocol.
func osmpCode(result string) (v Verdict, reason Reason, known bool) {
	refusals := map[string]Reason{
		"4": ReasonAccountFormat, "5": ReasonAccountUnknown, "7": ReasonForbidden,
		"8": ReasonTechnical, "31": ReasonExtraField, "32": ReasonRate, "79": ReasonInactive,
		"241": ReasonTooSmall, "242": ReasonTooLarge, "243": ReasonUnchecked, "300": ReasonOther,
	}
	switch result {
	case "0":
		return VerdictDone, "", true
	case "1":
		return VerdictUnknown, ReasonTemporary, true
	case "90":
		return VerdictUnknown, ReasonPending, true
	}
	reason, known = refusals[result]
	if !known {
		return VerdictUnknown, ReasonUnknownCode, false
	}
	return VerdictRefused, reason, true
}

// echoed reads the sum of an answer: "" is none. One that is not ours makes the answer one about
// another payment; a refusal may say that nothing was taken.
func echoed(sum string, v Verdict, ours money.Amount) (money.Amount, error) {
	if sum == "" {
		return 0, nil
	}
	a, err := money.Parse(sum)
	switch {
	case err != nil:
		return 0, errors.New("the sum of the answer is no amount")
	case a == ours:
		return a, nil
	case a == 0 && v != VerdictDone:
		return 0, nil
	}
	return 0, fmt.Errorf("the answer is about %s", a)
}

// osmpHolder tells whose account it is, from the fields, by their names or by those of their
// elements, or from the comment.
func osmpHolder(cfg Config, command string, x osmpResponse, a Answer) string {
	if a.Verdict != VerdictDone {
		return ""
	}
	var fields []namedText
	for _, section := range x.Fields {
		for i, f := range section.All {
			name := f.Name
			if name == "" && strings.HasPrefix(f.XMLName.Local, "field") {
				name = fmt.Sprintf("disp%d", i+1)
			} else if name == "" {
				name = f.XMLName.Local
			}
			fields = append(fields, namedText{name, f.Text})
		}
	}
	holder := holderOf(fields, cfg.HolderFields)
	if holder == "" && command == opCheck && cfg.HolderInComment {
		holder = holderOf([]namedText{{"comment", a.Comment}}, []string{"comment"})
	}
	return holder
}
