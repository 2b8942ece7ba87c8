package bookmodel

import (
	"slices"
	"time"

	"ussdgw/wallet/ledger"
)

func (b *book) intervene(i ledger.Intervention) error {
	w := b.wallet(i.Wallet)
	r := ledger.Record{
		Actor: i.Actor, Act: string(i.Act), Subject: "wallet:" + i.Wallet, Reason: i.Reason, At: i.At,
	}
	switch {
	case i.Act == ledger.ActBlock && w.blocked:
		return nil
	case i.Act == ledger.ActUnblock && !w.blocked:
		return decline(ledger.ReasonNotBlocked, "")
	case i.Act == ledger.ActUnlock && w.blocked:
		return decline(ledger.ReasonBlocked, "")
	case i.Act == ledger.ActUnlock: // no wrong PIN is in these histories
		return decline(ledger.ReasonNotLocked, "")
	}
	w.blocked = i.Act == ledger.ActBlock
	b.record(&r)
	return nil
}

func (b *book) setLevel(wallet, level string, r ledger.Record) {
	if w := b.wallet(wallet); w.Level != level {
		w.Level = level
		b.record(&r)
	}
}

func (b *book) setIMSI(wallet string, hash []byte) bool {
	w := b.wallet(wallet)
	if len(w.IMSIHash) == 0 {
		w.IMSIHash = hash
	}
	return string(w.IMSIHash) == string(hash)
}

func (b *book) suspect(a ledger.Alarm) bool {
	w := b.wallet(a.Wallet)
	if len(a.IMSI) > 0 && (len(w.IMSIHash) == 0 || string(w.IMSIHash) == string(a.IMSI)) {
		return false
	}
	if w.Suspect != "" {
		return false
	}
	w.Suspect = a.Why
	b.record(&a.Record)
	return true
}

func (b *book) confirm(wallet string, hash []byte, r ledger.Record) error {
	w := b.wallet(wallet)
	if w.Suspect == "" {
		return decline(ledger.ReasonNotSuspect, "")
	}
	w.Suspect, w.IMSIHash = "", hash
	b.record(&r)
	return nil
}

// openCase opens a case, once for its key.
func (b *book) openCase(c ledger.Case) bool {
	if slices.ContainsFunc(b.cases, func(o *ledger.Case) bool { return o.Key == c.Key }) {
		return false
	}
	b.cases = append(b.cases, &c)
	return true
}

func (b *book) closeCase(c *ledger.Case, r ledger.Record) error {
	if !c.ClosedAt.IsZero() {
		return decline(ledger.ReasonCaseClosed, "")
	}
	c.ClosedAt, c.ClosedBy, c.Resolution = r.At, r.Actor, r.Reason
	b.record(&r)
	return nil
}

func (b *book) sendAgain(r ledger.Resend) error {
	w, of := b.wallet(r.Wallet), b.message(r.Of)
	asked := 0
	for _, old := range b.records {
		if old.Subject == r.Record.Subject && old.Act == r.Record.Act && !old.At.Before(r.Since) {
			asked++
		}
	}
	switch {
	case w == nil:
		return ledger.ErrNoWallet
	case b.message(r.Key) != nil:
		return decline(ledger.ReasonKeyReused, r.Key)
	case asked >= r.Most:
		return decline(ledger.ReasonTooOften, r.Key)
	case of == nil || of.To != w.Number:
		return ledger.ErrNoMessage
	}
	again := of.Message
	again.Key, again.ID, again.Attempt, again.CreatedAt = r.Key, 0, 0, r.Record.At
	b.messages = append(b.messages, &message{Message: again, next: r.Record.At})
	b.record(&r.Record)
	return nil
}

// waits reports whether a message has no end.
func (m *message) waits() bool { return m.sent.IsZero() && m.dead.IsZero() }

func (b *book) dueMessages(now time.Time) []*message {
	var all []*message
	for _, m := range b.messages {
		if m.waits() && !m.next.After(now) {
			all = append(all, m)
		}
	}
	return all
}

func (m *message) ack(now time.Time) {
	if m.sent.IsZero() {
		m.sent, m.dead, m.lastError = now, time.Time{}, ""
	}
}

func (m *message) retry(next time.Time, lastError string) {
	if m.waits() {
		m.next, m.lastError = next, lastError
	}
}

func (m *message) giveUp(now time.Time, lastError string) {
	if m.waits() {
		m.dead, m.lastError = now, lastError
	}
}
