package bookmodel

import (
	"fmt"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// register registers the number n with the INN i.
func (m *machine) register(n, i int) {
	w := ledger.NewWallet{
		Wallet: ledger.Wallet{
			ID: fmt.Sprint("w", m.next()), Number: msisdn.MustParse(fmt.Sprintf("99655500%04d", n)),
			Name: "Asanov Asan", Lang: "ru", Level: "remote", INNHash: fmt.Append(nil, "inn", i),
			INNSealed: []byte("sealed"), BirthDate: "21011990", OfferHash: "agreed",
		},
		PIN: pin.Verifier{KeyVersion: 1, Salt: make([]byte, 16), MAC: make([]byte, 32)},
		Now: m.now,
	}
	var want error
	switch {
	case find(m.wallets, func(s *subscriber) bool { return s.Number == w.Number }) != nil:
		want = decline(ledger.ReasonRegistered, "")
	case find(m.wallets, func(s *subscriber) bool {
		return string(s.INNHash) == string(w.INNHash)
	}) != nil:
		want = decline(ledger.ReasonINNTaken, "")
	}
	m.compared("register", m.Register(m.ctx, w), want)
	if want == nil {
		w.RegisteredAt = m.now
		m.wallets = append(m.wallets, &subscriber{Wallet: w.Wallet})
	}
}

func (m *machine) registerSome() { m.register(rapidOf(m, 6), rapidOf(m, 6)) }

func (m *machine) blockSome() {
	i := ledger.Intervention{
		Wallet: pick(m, "wallet", m.wallets).ID, Actor: "aibek", Reason: "asked", At: m.now,
		Act: pick(m, "act", []ledger.Act{ledger.ActBlock, ledger.ActUnblock, ledger.ActUnlock}),
	}
	m.compared(string(i.Act), m.Intervene(m.ctx, i), m.intervene(i))
}

func (m *machine) identitySome() {
	w := pick(m, "wallet", m.wallets).ID
	hash := []byte(pick(m, "IMSI", []string{"a", "b"}))
	switch rapidOf(m, 4) {
	case 0:
		level, r := pick(m, "level", []string{"remote", "person"}), m.by("level")
		m.compared("level", m.SetLevel(m.ctx, w, level, r), nil)
		m.setLevel(w, level, r)
	case 1:
		got, err := m.SetIMSI(m.ctx, w, hash)
		m.compared("IMSI", err, nil)
		m.same("IMSI", got, m.setIMSI(w, hash))
	case 2:
		a := ledger.Alarm{Wallet: w, Why: ledger.SuspectRecycled, Record: m.by("suspect")}
		if m.chance(2) {
			a.Why, a.IMSI = ledger.SuspectIMSI, hash
		}
		got, err := m.Suspect(m.ctx, a)
		m.compared("suspect", err, nil)
		m.same("suspect", got, m.suspect(a))
	default:
		if m.chance(2) {
			hash = nil
		}
		r := m.by("confirm")
		m.compared("confirm", m.Confirm(m.ctx, w, hash, r), m.confirm(w, hash, r))
	}
}

// sendAgainSome asks for a message once more. The second wallet has the number of all of them.
func (m *machine) sendAgainSome() {
	w := m.wallets[1]
	if m.chance(4) {
		w = pick(m, "wallet", m.wallets)
	}
	r := ledger.Resend{
		Wallet: w.ID, Of: "none", Key: "again:" + m.next(), Since: m.now.Add(-24 * time.Hour), Most: 2,
		Record: m.by("send_receipt"),
	}
	r.Record.Subject = ledger.WalletSubject(w.ID)
	if len(m.messages) > 0 && !m.chance(8) {
		r.Of = pick(m, "message", m.messages).Key
	}
	do := func() { m.compared("send again", m.SendAgain(m.ctx, r), m.sendAgain(r)) }
	do()
	m.remember(do, nil)
}

func (m *machine) caseSome() {
	if len(m.cases) > 0 && m.chance(2) {
		c, r := pick(m, "case", m.cases), m.by("close case")
		id := m.caseID(c)
		r.Subject = ledger.CaseSubject(id)
		m.compared("close case", m.CloseCase(m.ctx, id, r), m.closeCase(c, r))
		return
	}
	c := ledger.Case{
		Key: fmt.Sprint("differs:", rapidOf(m, 10)), Kind: "differs", Subject: "txn:1", Amount: 5,
		Detail: "look", OpenedAt: m.now,
	}
	r := m.by("reconcile")
	got, err := m.OpenCases(m.ctx, []ledger.Case{c, c}, &r)
	m.compared("open cases", err, nil)
	want := 0
	if m.openCase(c) {
		want = 1
		m.record(&r)
	}
	m.same("opened cases", got, want)
}

// caseID asks the store for the number of a case.
func (m *machine) caseID(c *ledger.Case) int64 {
	all, err := m.SubjectCases(m.ctx, c.Subject, 1000)
	m.must(err)
	for _, stored := range all {
		if stored.Key == c.Key {
			return stored.ID
		}
	}
	m.Fatalf("the store has no case %s", c.Key)
	return 0
}

// messagesSome claims messages and says what became of them.
func (m *machine) messagesSome() {
	limit := pick(m, "limit", []int{2, 1000})
	lease := time.Duration(rapidOf(m, 2)) * time.Hour
	due := m.dueMessages(m.now)
	got, err := m.ClaimMessages(m.ctx, m.now, lease, limit)
	m.compared("claim", err, nil)
	if len(got) != min(limit, len(due)) {
		m.Fatalf("the store has claimed %d messages of %d, limit %d", len(got), len(due), limit)
	}
	latest := time.Time{}
	for _, sms := range got {
		latest = m.claimed(sms, lease, latest)
	}
	for _, left := range due {
		if left.next.Before(latest) {
			m.Fatalf("message %s has waited longer than one that was claimed", left.Key)
		}
	}
	for _, sms := range got {
		m.endMessage(sms)
	}
}

// claimed compares a message that the store has handed out.
func (m *machine) claimed(sms ledger.Message, lease time.Duration, latest time.Time) time.Time {
	want := m.message(sms.Key)
	if want == nil || !want.waits() || want.next.After(m.now) {
		m.Fatalf("message %s is not due", sms.Key)
	}
	if want.next.After(latest) {
		latest = want.next
	}
	want.ID = sms.ID
	want.Attempt++
	want.next = m.now.Add(lease)
	m.same("message "+sms.Key, sms, want.Message)
	return latest
}

// endMessage says what became of a message, or nothing: the lease ends.
func (m *machine) endMessage(sms ledger.Message) {
	stored, id := m.message(sms.Key), sms.ID
	now, next := m.now, m.now.Add(time.Hour)
	switch rapidOf(m, 5) {
	case 0:
		m.compared("retry message", m.RetryMessage(m.ctx, id, next, "busy"), nil)
		stored.retry(next, "busy")
	case 1:
		m.compared("give up", m.GiveUpMessage(m.ctx, id, now, "no"), nil)
		stored.giveUp(now, "no")
	case 2:
	default:
		m.compared("ack", m.AckMessage(m.ctx, id, now), nil)
		stored.ack(now)
	}
}

func (m *machine) rollUpNow() {
	got, err := m.RollUp(m.ctx)
	m.compared("roll up", err, nil)
	m.same("accounts rolled up", got, m.rollUp())
}

// closeSome closes a day around now, rather one that is over.
func (m *machine) closeSome() {
	day := shift(m.day(), pick(m, "days", []int{-3, -2, -1, -1, -1, 0, 0, 1}))
	var r *ledger.Record
	if m.chance(2) {
		by := m.by("close day")
		r = &by
	}
	m.compared("close "+day, m.CloseDay(m.ctx, day, m.now, r), m.closeDay(day, r))
}
