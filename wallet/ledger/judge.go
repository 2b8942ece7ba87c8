package ledger

import "ussdgw/wallet/money"

// Standing is what decides about a pressed offer, as the books have it.
type Standing struct {
	Available money.Amount // of the wallet: its balance without what is held
	Used      Used         // of the operation
	Out       Used         // of all that leaves the wallet
	CashOut   bool         // the wallet has a cash-out under way
	// PayeeBalance is what the payee of a transfer holds, and NoPayee that there is none.
	PayeeBalance money.Amount
	NoPayee      bool
}

// Used is how much of a limit is used up.
type Used struct{ Day, Month money.Amount }

// Judge decides whether a pressed offer may be executed. It returns nil or the refusal. A cash-out
// under way comes first, then limits, the payee and the balance.
func Judge(p Payment, o Offer, s Standing) *Decline {
	refuse := func(r Reason, left money.Amount) *Decline {
		return &Decline{Reason: r, Key: o.ID, Limit: max(left, 0)}
	}
	if o.Operation == OpCashOut && s.CashOut {
		return refuse(ReasonCashOut, 0)
	}
	for _, r := range []struct {
		reason   Reason
		own, all room
	}{
		{ReasonLimitPayment, roomOf(p.Limits.PerPayment, 0), roomOf(p.Out.PerPayment, 0)},
		{ReasonLimitDay, roomOf(p.Limits.PerDay, s.Used.Day), roomOf(p.Out.PerDay, s.Out.Day)},
		{
			ReasonLimitMonth, roomOf(p.Limits.PerMonth, s.Used.Month),
			roomOf(p.Out.PerMonth, s.Out.Month),
		},
	} {
		if left := min(r.own, r.all); o.Amount > money.Amount(left) {
			return refuse(r.reason, money.Amount(left))
		}
	}
	if o.Operation == OpTransfer && (s.NoPayee || o.Amount > p.PayeeMost-s.PayeeBalance) {
		if s.NoPayee {
			return refuse(ReasonPayeeLimit, 0)
		}
		return refuse(ReasonPayeeLimit, p.PayeeMost-s.PayeeBalance)
	}
	if s.Available < o.Amount+o.Fee {
		return refuse(ReasonLowBalance, s.Available)
	}
	return nil
}

// room is what a limit leaves.
type room money.Amount

func roomOf(limit, used money.Amount) room {
	if limit == 0 {
		return room(MaxAmount)
	}
	return room(limit - used)
}

// JudgeFunding decides whether a wallet that holds balance may get amount, when it may hold most.
// It returns nil or the refusal.
func JudgeFunding(key string, balance, amount, most money.Amount) *Decline {
	if amount > most-balance {
		return &Decline{Reason: ReasonLimitBalance, Key: key, Limit: max(most-balance, 0)}
	}
	return nil
}

// EndReason says why an offer in state s cannot be paid. refusal is the stored reason of a refused
// one. A state that can be paid, or is, has none.
func EndReason(s OfferState, refusal Reason) Reason {
	switch s {
	case OfferRefused:
		return refusal
	case OfferSuperseded:
		return ReasonSuperseded
	case OfferWithdrawn:
		return ReasonWithdrawn
	case OfferExpired:
		return ReasonExpired
	}
	return ""
}
