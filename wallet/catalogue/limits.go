package catalogue

import (
	"slices"

	"ussdgw/menus/source"
	"ussdgw/wallet/money"
)

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

// level reads the limits of one level. Each is above zero, because the books take zero for no
// limit at all.
func (l *loader) level(n *source.Node) LevelLimits {
	object := l.object(n, "a level's limits", "payment", "day", "month", "balance")
	read := func(key string) money.Amount {
		a, ok := l.amount(object[key], CodeAmount)
		if ok && a <= 0 {
			l.r.Errorf(object[key].Place(), CodeLimits, "a limit must be above 0")
		}
		return a
	}
	limits := LevelLimits{
		PerPayment: read("payment"), PerDay: read("day"), PerMonth: read("month"),
		Balance: read("balance"),
	}
	if limits.PerDay > 0 && limits.PerPayment > limits.PerDay {
		l.r.Errorf(object["day"].Place(), CodeLimits, "a day allows %s som, one payment %s",
			limits.PerDay.Short(), limits.PerPayment.Short())
	}
	if limits.PerMonth > 0 && limits.PerDay > limits.PerMonth {
		l.r.Errorf(object["month"].Place(), CodeLimits, "a month allows %s som, a day %s",
			limits.PerMonth.Short(), limits.PerDay.Short())
	}
	if limits.Balance > MaxBalance {
		l.r.Errorf(object["balance"].Place(), CodeLimits,
			"a wallet may hold at most %s som, not %s", MaxBalance.Short(), limits.Balance.Short())
		l.r.Help("screens and messages are proven for amounts up to that")
	}
	return limits
}
