package catalogue

import (
	"maps"
	"slices"

	"ussdgw/menus/source"
	"ussdgw/wallet/money"
)

// An Operation is what a transfer or a cash-out may be and what it costs. A cash-in has a name
// alone.
type Operation struct {
	Name     map[string]string // by language, at most MaxName characters
	Min, Max money.Amount      // without the fee
	Fees     map[string]Fee    // by level of identification, of all levels that have limits
}

// operations reads what transfers and cash-outs may be and cost.
func (l *loader) operations(n *source.Node, limits map[string]LevelLimits) map[string]Operation {
	if len(n.Fields()) == 0 {
		return nil // said already
	}
	operations := map[string]Operation{}
	object := l.optional(n, "operations", []string{OpCashIn}, OpTransfer, OpCashOut)
	for _, op := range []string{OpTransfer, OpCashOut} {
		if object[op] != nil {
			operations[op] = l.operation(object[op], op, limits)
		}
	}
	if cash := object[OpCashIn]; cash != nil {
		name := l.object(cash, OpCashIn, "name")["name"]
		operations[OpCashIn] = Operation{Name: l.text(name, "the name", MaxName)}
	}
	return operations
}

func (l *loader) operation(n *source.Node, op string, limits map[string]LevelLimits) Operation {
	object := l.object(n, op, "name", "amount", "fee")
	operation := Operation{
		Name: l.text(object["name"], "the name", MaxName), Fees: map[string]Fee{},
	}
	operation.Min, operation.Max = l.bounds(object["amount"])
	levels := slices.Sorted(maps.Keys(limits))
	for _, f := range object["fee"].Fields() {
		if _, ok := limits[f.Key]; !ok {
			l.r.Errorf(f.KeyPos, CodeLevel, "there is a fee for the level %q, and no limits", f.Key)
			l.r.DidYouMean(f.Key, levels)
		}
		operation.Fees[f.Key] = l.fee(f.Value)
		if operation.Fees[f.Key].Payer == PayerProvider {
			l.r.Errorf(f.Value.Field("payer").Place(), CodePayer, "%s has no provider that could pay", op)
			l.r.Help("leave payer out")
		}
	}
	for _, level := range levels {
		if _, ok := operation.Fees[level]; !ok && object["fee"] != nil {
			l.r.Errorf(object["fee"].Place(), CodeLevel, "the level %q has limits, and no fee", level)
			l.r.Help("{} is no fee")
		}
		if once := limits[level].Operations[op].Once; once > 0 && operation.Min > once {
			l.r.Errorf(object["amount"].Field("min").Place(), CodeOperation,
				"the smallest %s is %s som, and the level %q allows %s", op, operation.Min.Short(),
				level, once.Short())
		}
	}
	return operation
}

// bounds reads the smallest and the largest amount of a payment or another operation.
func (l *loader) bounds(n *source.Node) (least, most money.Amount) {
	if n == nil {
		return 0, 0
	}
	object := l.object(n, "the amount", "min", "max")
	least, _ = l.amount(object["min"], CodeAmount)
	most, _ = l.amount(object["max"], CodeAmount)
	if object["min"] != nil && object["max"] != nil && (least <= 0 || least > most) {
		l.r.Errorf(object["min"].Place(), CodeAmount,
			"the smallest amount is above 0 and at most the largest, %s", most.Short())
	}
	return least, most
}
