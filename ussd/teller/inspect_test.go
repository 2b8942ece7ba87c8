package teller_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"ussdgw/smsc/charset"
	"ussdgw/ussd"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/ledger"
)

// news lists the outcomes that tell what became of a payment, by action. Until one of them has
// reached the phone, the next dial says it first.
var news = map[string][]string{
	"payment.pay": {
		"paid", "held", "refused", "in_doubt", "low_balance", "limit", "stopped", "not_taken",
	},
	"transfer.pay": {
		"paid", "in_doubt", "low_balance", "limit", "not_taken", "payee_limit", "cannot_receive",
	},
	"cashout.pay":     {"code_sent", "in_doubt", "low_balance", "limit", "not_taken", "under_way"},
	"payment.resolve": {"paid", "sent", "held", "code_sent", "in_doubt", "not_taken"},
}

// reasons lists what may have declined an action, by its outcome. Any other outcome has none.
var reasons = map[string][]ledger.Reason{
	"wallet.register inn_taken":   {ledger.ReasonINNTaken},
	"wallet.register inn_refused": {ledger.ReasonINNFuture, ""}, // or it is no INN at all
	"wallet.register already":     {ledger.ReasonRegistered},
	"wallet.resend_pin used":      {ledger.ReasonPINUsed},
	"wallet.resend_pin too_often": {ledger.ReasonTooOften},

	"pin.stage weak":      {ledger.ReasonWeakPIN},
	"pin.stage same":      {ledger.ReasonSamePIN},
	"pin.stage expired":   {ledger.ReasonNotStaged},
	"pin.change mismatch": {ledger.ReasonMismatch},
	"pin.change expired":  {ledger.ReasonNotStaged},

	"payment.account account_refused": {ledger.ReasonAccountFormat},
	"payment.account stopped":         {ledger.ReasonStopped, ledger.ReasonUnknownProvider},

	"payment.offer account_refused": {ledger.ReasonAccountFormat},
	"payment.offer below_min":       {ledger.ReasonBelowMin},
	"payment.offer above_max":       {ledger.ReasonAboveMax},
	"payment.offer stopped":         {ledger.ReasonStopped, ledger.ReasonUnknownProvider},
	"payment.check account_unknown": {ledger.ReasonAccountFormat, ledger.ReasonAccountUnknown},
	"payment.check unavailable":     {ledger.ReasonUnavailable, ledger.ReasonTooOften},
	"payment.check stopped":         {ledger.ReasonStopped, ledger.ReasonUnknownProvider},
	"transfer.recipient too_often":  {ledger.ReasonTooOften},
	"transfer.offer amount_refused": {ledger.ReasonBelowMin, ledger.ReasonAboveMax},
	"cashout.offer amount_refused":  {ledger.ReasonBelowMin, ledger.ReasonAboveMax},
	"cashout.offer under_way":       {ledger.ReasonCashOut},
	"cashout.pay under_way":         {ledger.ReasonCashOut},
	"payment.pay stopped":           {ledger.ReasonStopped},
	"payment.pay refused":           {ledger.ReasonRefused},
	"wallet.send_receipt too_often": {ledger.ReasonTooOften},
	"pin.forgotten too_often":       {ledger.ReasonTooOften},
	"pin.forgotten ask_support":     {ledger.ReasonAskSupport},
}

// alike lists what may have declined any action with an outcome of that name that is not above.
var alike = map[string][]ledger.Reason{
	"no_wallet":      {ledger.ReasonNoPayee},
	"own_number":     {ledger.ReasonSelf},
	"cannot_receive": {ledger.ReasonPayeeBlocked},
	"payee_limit":    {ledger.ReasonPayeeLimit},
	"repeated":       {ledger.ReasonRepeated},
	"low_balance":    {ledger.ReasonLowBalance},
	"short":          {ledger.ReasonLowBalance},
	"limit":          limitReasons,
	"blocked":        {ledger.ReasonBlocked},
	"suspect":        {ledger.ReasonSuspect},
	"wrong":          {ledger.ReasonWrongPIN},
	"wrong_pin":      {ledger.ReasonWrongPIN},
	"locked":         {ledger.ReasonLocked},
	"first_pin":      {ledger.ReasonFirstPIN},
	"changed":        endReasons,
	"expired":        endReasons,
	"not_taken":      {ledger.ReasonNotTaken, ledger.ReasonKeyReused},
}

var (
	limitReasons = []ledger.Reason{
		ledger.ReasonLimitPayment, ledger.ReasonLimitDay, ledger.ReasonLimitMonth,
	}
	endReasons = []ledger.Reason{
		ledger.ReasonSuperseded, ledger.ReasonWithdrawn, ledger.ReasonExpired,
	}
)

// inspect holds an answer against what Environment has declared of it, whatever the test that
// asked wants of it besides.
func (b *bench) inspect(c ussd.Call, a ussd.Answer, err error) {
	b.t.Helper()
	for _, digits := range []string{right, wrong, second, weak, inn} {
		if strings.Contains(fmt.Sprintf("%v %+v %+v", err, err, a), digits) {
			b.t.Errorf("%s: a PIN is in %+v, %v", c.Action.Name, a, err)
		}
	}
	if err != nil {
		if !reflect.DeepEqual(a, ussd.Answer{}) {
			b.t.Errorf("%s: an error comes with %+v", c.Action.Name, a)
		}
		return
	}
	name := c.Action.Name + " " + a.Outcome.Name
	def, ok := b.env.Actions[c.Action.Name].Outcomes[a.Outcome.Name]
	if !ok {
		b.t.Errorf("%s is not declared", name)
		return
	}
	b.fits(name, c.Lang, def.Sets, a.Outcome.Values)
	untold := ""
	if slices.Contains(news[c.Action.Name], a.Outcome.Name) {
		untold = c.Action.Args["offer"]
	}
	if a.Untold != untold {
		b.t.Errorf("%s: untold %q, want %q", name, a.Untold, untold)
	}
	if a.Pending != (a.Outcome.Name == "in_doubt") {
		b.t.Errorf("%s: pending %t", name, a.Pending)
	}
	declined := reasons[name]
	switch told := c.Action.Name == "payment.resolve" || name == "subscriber.identify suspect"; {
	case declined == nil && !told:
		declined = alike[a.Outcome.Name]
		fallthrough
	case declined == nil:
		if declined == nil {
			declined = []ledger.Reason{""}
		}
	}
	if !slices.Contains(declined, ledger.Reason(a.Reason)) {
		b.t.Errorf("%s: reason %q, want one of %q", name, a.Reason, declined)
	}
	known := name == "subscriber.identify registered" || name == "subscriber.identify suspect"
	if (a.Outcome.Lang != "") != known {
		b.t.Errorf("%s: language %q", name, a.Outcome.Lang)
	}
}

// fits checks that there are exactly the values that were declared, each no wider than that.
func (b *bench) fits(name, lang string, defs []menu.ValueDef, values map[string]string) {
	b.t.Helper()
	declared := map[string]menu.ValueDef{}
	for _, def := range defs {
		declared[def.Name] = def
	}
	want, got := slices.Sorted(maps.Keys(declared)), slices.Sorted(maps.Keys(values))
	if !slices.Equal(want, got) {
		b.t.Errorf("%s: values %q, declared are %q", name, got, want)
	}
	for value, def := range declared {
		text := values[value]
		widest := def.Widest
		if def.Langs != nil {
			widest = def.Langs[lang]
		}
		if text == "" {
			b.t.Errorf("%s: %s is empty", name, value)
		}
		if len(widest) == 0 || widest[0] == "" {
			continue // a slot has a width of its own, an offer is in no text
		}
		septets, units, latin := 0, 0, true
		for _, w := range widest {
			latin = latin && charset.Choose(w) == charset.GSM7
			septets = max(septets, charset.Length(charset.GSM7, w))
			units = max(units, charset.Length(charset.UCS2, w))
		}
		if n := charset.Length(charset.UCS2, text); n > units {
			b.t.Errorf("%s: %s %q takes %d units, declared are %d", name, value, text, n, units)
		}
		if latin && charset.Choose(text) != charset.GSM7 {
			b.t.Errorf("%s: %s %q is not in the declared alphabet", name, value, text)
		}
		// In Latin a value may be as long as the longest declared one, whatever that is in.
		if n := charset.Length(charset.GSM7, text); n > max(septets, units) {
			b.t.Errorf("%s: %s %q takes %d septets, declared are %d", name, value, text, n, septets)
		}
	}
}
