package catalogue

import (
	"slices"

	"ussdgw/menus/source"
	"ussdgw/wallet/money"
)

// The operations that have limits, by the names that the books know them by.
const (
	OpPayment  = "payment"
	OpTransfer = "transfer"
	OpCashOut  = "cash_out"
	OpCashIn   = "cash_in"
	OpOut      = "out" // payments, transfers and cash-outs together
)

// LevelLimits bound what a wallet may do.
type LevelLimits struct {
	Operations map[string]OperationLimits // every operation is there
	Balance    money.Amount               // the most that a wallet may hold, at most MaxBalance
}

// OperationLimits bound what a wallet moves by one operation, fees not counted. None is zero.
type OperationLimits struct {
	Once  money.Amount // one payment, transfer, ...
	Day   money.Amount // a calendar day
	Month money.Amount // a calendar month
}

// limits reads what the wallets of each level may do.
func (l *loader) limits(n *source.Node) map[string]LevelLimits {
	known := []string{LevelRemote, LevelInPerson}
	levels := map[string]LevelLimits{}
	meant := "" // the level that an unknown one is likely to be
	for _, f := range n.Fields() {
		if !slices.Contains(known, f.Key) {
			l.r.Errorf(f.KeyPos, CodeLevel, "no level of identification is called %q", f.Key)
			l.r.DidYouMean(f.Key, known)
			meant = source.Suggest(f.Key, known)
		}
		levels[f.Key] = l.level(f.Value)
	}
	if _, ok := levels[LevelRemote]; !ok && len(levels) > 0 && meant != LevelRemote {
		l.r.Errorf(n.Place(), CodeLevel, "the level %q has no limits", LevelRemote)
		l.r.Help("every wallet that is registered over USSD has this level")
	}
	return levels
}

// level reads the limits of one level.
func (l *loader) level(n *source.Node) LevelLimits {
	operations := []string{OpPayment, OpTransfer, OpCashOut, OpCashIn, OpOut}
	object := l.object(n, "a level's limits", append(operations, "balance")...)
	limits := LevelLimits{
		Operations: make(map[string]OperationLimits, len(operations)),
		Balance:    l.limit(object["balance"]),
	}
	for _, op := range operations {
		limits.Operations[op] = l.windows(object[op], op)
	}
	for _, op := range []string{OpPayment, OpTransfer, OpCashOut} {
		l.within(object[OpOut], limits.Operations[OpOut], limits.Operations[op], op)
	}
	if limits.Balance > MaxBalance {
		l.r.Errorf(object["balance"].Place(), CodeLimits,
			"a wallet may hold at most %s som, not %s", MaxBalance.Short(), limits.Balance.Short())
		l.r.Help("screens and messages are proven for amounts up to that")
	}
	return limits
}

// limit reads one limit. It is above zero, because the books take zero for no limit at all.
func (l *loader) limit(n *source.Node) money.Amount {
	a, ok := l.amount(n, CodeAmount)
	if ok && a <= 0 {
		l.r.Errorf(n.Place(), CodeLimits, "a limit must be above 0")
	}
	return a
}

// windows reads the limits of one operation.
func (l *loader) windows(n *source.Node, op string) OperationLimits {
	if n == nil {
		return OperationLimits{}
	}
	object := l.object(n, "the limits of "+op, "once", "day", "month")
	limits := OperationLimits{
		Once: l.limit(object["once"]), Day: l.limit(object["day"]), Month: l.limit(object["month"]),
	}
	if limits.Day > 0 && limits.Once > limits.Day {
		l.r.Errorf(object["day"].Place(), CodeLimits, "a day allows %s som, one %s %s",
			limits.Day.Short(), op, limits.Once.Short())
	}
	if limits.Month > 0 && limits.Day > limits.Month {
		l.r.Errorf(object["month"].Place(), CodeLimits, "a month allows %s som, a day %s",
			limits.Month.Short(), limits.Day.Short())
	}
	return limits
}

// within refuses limits of all that leaves a wallet that are below those of one operation: the
// subscriber would be told of room that there is not.
func (l *loader) within(n *source.Node, out, own OperationLimits, op string) {
	for _, w := range []struct {
		key      string
		out, own money.Amount
	}{{"once", out.Once, own.Once}, {"day", out.Day, own.Day}, {"month", out.Month, own.Month}} {
		if w.out > 0 && w.own > w.out {
			l.r.Errorf(n.Field(w.key).Place(), CodeLimits, "%s allows %s som, %s alone %s", OpOut,
				w.out.Short(), op, w.own.Short())
			l.r.Help("payments, transfers and cash-outs together need at least as much as each alone")
		}
	}
}
