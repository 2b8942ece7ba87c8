package ledger

import "ussdgw/wallet/money"

// Judge decides whether a pressed offer may be paid, given what its wallet holds and has paid in
// the day and in the month. It returns nil or the refusal. Limits come before the balance.
func Judge(o Offer, l Limits, balance, day, month money.Amount) *Decline {
	refuse := func(r Reason, left money.Amount) *Decline {
		return &Decline{Reason: r, Key: o.ID, Limit: max(left, 0)}
	}
	switch {
	case l.PerPayment > 0 && o.Amount > l.PerPayment:
		return refuse(ReasonLimitPayment, l.PerPayment)
	case l.PerDay > 0 && o.Amount > l.PerDay-day:
		return refuse(ReasonLimitDay, l.PerDay-day)
	case l.PerMonth > 0 && o.Amount > l.PerMonth-month:
		return refuse(ReasonLimitMonth, l.PerMonth-month)
	case balance < o.Amount+o.Fee:
		return refuse(ReasonLowBalance, balance)
	}
	return nil
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
