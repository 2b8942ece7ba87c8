package cashdesk

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// The commands.
const (
	commandCheck  = "check"
	commandPay    = "pay"
	commandPayOut = "payout"
	commandOther  = "other" // as metrics have it
)

// Bounds of a request.
const (
	maxBodyOctets   = 16 << 10
	maxParameters   = 64
	maxAccount      = 200
	dateLayout      = "20060102150405"
	currency        = "KGS"
	currencyNumeric = "417"
)

// A request is what an agent asks for, checked.
type request struct {
	command string
	sent    string // the txn_id as it came, for the answer; "" when it was wrong
	txn     string // the number that it is: without zeros before it
	date    string
	account string
	number  msisdn.Number
	sum     money.Amount // 0 = it was left out
	code    pin.Secret
}

// A wrongError says why a request is not taken. It never repeats what was sent.
type wrongError struct {
	reason ledger.Reason
	text   string // "" = that of the reason
}

func (e *wrongError) Error() string { return "cashdesk: " + string(e.reason) + ": " + e.text }

func malformed(format string, args ...any) *wrongError {
	return &wrongError{reasonMalformed, fmt.Sprintf(format, args...)}
}

// parameters reads the query and, of a POST, the form. Each name may come once: of two sums nobody
// could say which one is meant.
func parameters(r *http.Request) (url.Values, *wrongError) {
	text := r.URL.RawQuery
	if r.Method == http.MethodPost {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/x-www-form-urlencoded" {
			return nil, malformed("a POST is application/x-www-form-urlencoded")
		}
		body, err := io.ReadAll(r.Body)
		var tooLong *http.MaxBytesError
		switch {
		case errors.As(err, &tooLong):
			return nil, malformed("the form has more than %d octets", maxBodyOctets)
		case err != nil: // the line is bad, not the request, which may have been done before
			return nil, &wrongError{reason: reasonTemporary}
		}
		text = strings.Trim(text+"&"+string(body), "&")
	}
	if strings.Count(text, "&") >= maxParameters {
		return nil, malformed("there are more than %d parameters", maxParameters)
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, malformed("the parameters are not encoded as of a form")
	}
	for _, name := range []string{
		"command", "txn_id", "txn_date", "account", "sum", "ccy", "code",
	} {
		if len(values[name]) > 1 {
			return nil, malformed("%s is there more than once", name)
		}
	}
	return values, nil
}

// parse reads a request of an agent whose numbers have at most txnDigits digits. With a fault, what
// is in the request was right so far. The caller wipes the code.
func parse(r *http.Request, txnDigits int) (q request, wrong *wrongError) {
	q.command = commandOther
	values, wrong := parameters(r)
	if wrong != nil {
		return q, wrong
	}
	switch command := values.Get("command"); command {
	case commandCheck, commandPay, commandPayOut:
		q.command = command
	case "":
		return q, malformed("command is missing")
	default:
		return q, malformed("no such command: check, pay and payout are")
	}
	txn := values.Get("txn_id")
	if txn == "" || len(txn) > txnDigits || !digits(txn) {
		return q, malformed("txn_id has to be 1 to %d digits", txnDigits)
	}
	q.sent, q.txn = txn, strings.TrimLeft(txn[:len(txn)-1], "0")+txn[len(txn)-1:]
	if ccy := values.Get("ccy"); ccy != "" && ccy != currency && ccy != currencyNumeric {
		return q, malformed("ccy has to be %s", currency)
	}
	if wrong := q.when(values.Get("txn_date")); wrong != nil {
		return q, wrong
	}
	if wrong := q.whose(values); wrong != nil {
		return q, wrong
	}
	if q.command != commandPayOut {
		return q, nil
	}
	return q, q.secret(r, values)
}

// when reads the date, which pay alone needs.
func (q *request) when(text string) *wrongError {
	if text == "" && q.command != commandPay {
		return nil
	}
	if _, err := time.Parse(dateLayout, text); err != nil || len(text) != len(dateLayout) {
		return malformed("txn_date has to be a time such as 20261121140500")
	}
	q.date = text
	return nil
}

// whose reads the account and the sum.
func (q *request) whose(values url.Values) *wrongError {
	q.account = values.Get("account")
	if q.account == "" {
		return malformed("account is missing")
	}
	var ok bool
	if q.number, ok = number(q.account); !ok {
		return &wrongError{reason: ledger.ReasonAccountFormat}
	}
	text := values.Get("sum")
	if text == "" && q.command != commandPay {
		return nil
	}
	sum, ok := amount(text)
	switch {
	case !ok:
		return malformed("sum has to be som with two decimals, such as 200.00")
	case sum == 0:
		return &wrongError{reason: ledger.ReasonBelowMin}
	}
	q.sum = sum
	return nil
}

// secret reads the one-time code.
func (q *request) secret(r *http.Request, values url.Values) *wrongError {
	code := values.Get("code")
	switch {
	case r.Method != http.MethodPost || r.URL.Query().Has("code"):
		return malformed("payout is a POST with the code in its form")
	case len(code) != wallet.CashCodeDigits || !digits(code):
		return malformed("code has to be %d digits", wallet.CashCodeDigits)
	}
	q.code = pin.NewSecret([]byte(code))
	return nil
}

// number reads a subscriber number in one of the forms that terminals have: nine digits, those
// after a 0, or those after the code of the country.
func number(account string) (msisdn.Number, bool) {
	if len(account) > maxAccount || !digits(account) {
		return msisdn.Number{}, false
	}
	text := account
	switch {
	case len(account) == msisdn.NationalDigits && account[0] != '0':
		text = msisdn.CountryCode + account
	case len(account) == msisdn.NationalDigits+1 && account[0] == '0':
	case len(account) == len(msisdn.CountryCode)+msisdn.NationalDigits &&
		strings.HasPrefix(account, msisdn.CountryCode):
	default:
		return msisdn.Number{}, false
	}
	n, err := msisdn.Parse(text)
	return n, err == nil
}

// amount reads som with a point and exactly two decimals, less than ledger.MaxAmount.
func amount(text string) (money.Amount, bool) {
	const decimals = 3 // with the point
	if len(text) <= decimals || text[len(text)-decimals] != '.' {
		return 0, false
	}
	a, err := money.Parse(text)
	return a, err == nil
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }
