package ledgertest

import (
	"bytes"
	"sync/atomic"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

func testRegister(b *books) {
	w := b.newWallet()
	w.Message = ledger.Message{
		Key: "first:" + w.ID, To: w.Number, Kind: "first_pin", Lang: "ru", Sealed: []byte("sealed"),
	}
	_, err := b.Wallet(b.ctx(), w.Number)
	b.is(err, ledger.ErrNoWallet)
	b.must(b.Register(b.ctx(), w))

	got, err := b.Wallet(b.ctx(), w.Number)
	b.must(err)
	if got.ID != w.ID || got.Number != w.Number || got.Name != w.Name || got.Lang != "ru" ||
		got.Level != "remote" || !bytes.Equal(got.INNHash, w.INNHash) || !got.FirstPIN ||
		!bytes.Equal(got.INNSealed, w.INNSealed) || got.BirthDate != w.BirthDate ||
		got.Balance != 0 || !got.LockedUntil.IsZero() || !got.RegisteredAt.Equal(b.now) {
		b.Errorf("got %+v, want %+v", got, w.Wallet)
	}
	tried, err := b.CountTry(b.ctx(), ledger.Try{Wallet: w.ID, Attempt: "a", Now: b.now, Max: 3})
	b.must(err)
	if tried.Verifier.KeyVersion != 1 || !bytes.Equal(tried.Verifier.MAC, w.PIN.MAC) {
		b.Errorf("got verifier %+v, want %+v", tried.Verifier, w.PIN)
	}
	all := b.messages()
	if len(all) != 1 || all[0].Kind != "first_pin" || string(all[0].Sealed) != "sealed" {
		b.Errorf("got messages %+v", all)
	}

	// Nothing of a declined registration stays.
	b.declined(b.Register(b.ctx(), w), ledger.ReasonRegistered)
	other := b.newWallet()
	other.INNHash = w.INNHash
	b.declined(b.Register(b.ctx(), other), ledger.ReasonINNTaken)
	_, err = b.Wallet(b.ctx(), other.Number)
	b.is(err, ledger.ErrNoWallet)
	other.INNHash = nil
	b.must(b.Register(b.ctx(), other))
	third := b.newWallet()
	third.INNHash = nil
	b.must(b.Register(b.ctx(), third)) // having no INN is nothing to share

	fourth := b.newWallet()
	fourth.Message = w.Message
	b.declined(b.Register(b.ctx(), fourth), ledger.ReasonKeyReused)
	_, err = b.Wallet(b.ctx(), fourth.Number)
	b.is(err, ledger.ErrNoWallet)
}

func testRegisterRace(b *books) {
	const n = 8
	w := b.newWallet()
	var registered, declined atomic.Int64
	race(n, func(i int) {
		mine := w
		mine.ID = newID()
		if i%2 == 0 {
			mine.INNHash = []byte(mine.ID)
		}
		switch err := b.Register(b.ctx(), mine); {
		case err == nil:
			registered.Add(1)
		case ledger.ReasonOf(err) == ledger.ReasonRegistered,
			ledger.ReasonOf(err) == ledger.ReasonINNTaken:
			declined.Add(1)
		default:
			b.Errorf("register: %v", err)
		}
	})
	if registered.Load() != 1 || declined.Load() != n-1 {
		b.Errorf("%d registered, %d declined, want 1, %d", registered.Load(), declined.Load(), n-1)
	}
}

func testLanguage(b *books) {
	w := b.wallet(0)
	b.must(b.SetLanguage(b.ctx(), w.ID, "ky"))
	got, err := b.Wallet(b.ctx(), w.Number)
	b.must(err)
	if got.Lang != "ky" {
		b.Errorf("language is %q, want ky", got.Lang)
	}
	b.is(b.SetLanguage(b.ctx(), "nobody", "ky"), ledger.ErrNoWallet)
	_, err = b.Balance(b.ctx(), "nobody")
	b.is(err, ledger.ErrNoWallet)
	_, err = b.Wallet(b.ctx(), msisdn.MustParse("996700000000"))
	b.is(err, ledger.ErrNoWallet)
}

func testOutbox(b *books) {
	w := b.wallet(money.Som(100))
	payment := b.payment(b.pressed(w.ID, money.Som(10)))
	payment.Message.Sealed = []byte("sealed") // the schema refuses a sent message that keeps it
	_, err := b.apply(payment)
	b.must(err)

	all := b.messages()
	if len(all) != 1 {
		b.Fatalf("got %d messages, want 1", len(all))
	}
	m := all[0]
	if m.Kind != "paid" || m.Lang != "ru" || m.To.Digits() != "996555000001" || m.Attempt != 1 ||
		m.Fields["balance"] != "89.00" || m.Fields["code"] != "1234567890" ||
		m.Fields["quote"] != `"\`+"\x00" || !m.CreatedAt.Equal(b.now) ||
		string(m.Sealed) != "sealed" {
		b.Errorf("got message %+v", m)
	}
	if again := b.messages(); len(again) != 0 {
		b.Errorf("claimed under a lease: %+v", again)
	}
	b.now = b.now.Add(time.Minute) // the lease is over
	if again := b.messages(); len(again) != 1 || again[0].Attempt != 2 {
		b.Errorf("after the lease: %+v", again)
	}
	long := "no link\x00" + string(make([]byte, 500))
	b.must(b.RetryMessage(b.ctx(), m.ID, b.now.Add(time.Hour), long))
	b.now = b.now.Add(time.Hour - time.Second)
	if again := b.messages(); len(again) != 0 {
		b.Errorf("before its time: %+v", again)
	}
	b.now = b.now.Add(time.Second)
	if again := b.messages(); len(again) != 1 {
		b.Errorf("at its time: %+v", again)
	}
	b.must(b.AckMessage(b.ctx(), m.ID, b.now))
	b.must(b.AckMessage(b.ctx(), m.ID, b.now))
	b.must(b.RetryMessage(b.ctx(), m.ID, b.now, "late")) // by a worker whose lease was over
	b.now = b.now.Add(24 * time.Hour)
	if again := b.messages(); len(again) != 0 {
		b.Errorf("after it was sent: %+v", again)
	}
	if b.AckMessage(b.ctx(), 1<<40, b.now) == nil {
		b.Error("no error for a message that does not exist")
	}
}

// testOutboxGivesUp is about messages that nobody can send. That their sealed part is erased, the
// schema enforces.
func testOutboxGivesUp(b *books) {
	var ids []int64
	for range 3 {
		w := b.newWallet()
		w.Message = ledger.Message{
			Key: w.ID, To: w.Number, Kind: "first_pin", Lang: "ru", Sealed: []byte("sealed"),
		}
		b.must(b.Register(b.ctx(), w))
	}
	for _, m := range b.messages() {
		ids = append(ids, m.ID)
	}
	dead, sent, both := ids[0], ids[1], ids[2]
	long := "no such number\x00" + string(make([]byte, 500))
	b.must(b.GiveUpMessage(b.ctx(), dead, b.now, long))
	b.must(b.GiveUpMessage(b.ctx(), dead, b.now, long))
	b.must(b.RetryMessage(b.ctx(), dead, b.now, "late")) // by a worker whose lease was over
	b.must(b.AckMessage(b.ctx(), sent, b.now))
	b.must(b.GiveUpMessage(b.ctx(), sent, b.now, "late"))
	b.must(b.GiveUpMessage(b.ctx(), both, b.now, ""))
	b.must(b.AckMessage(b.ctx(), both, b.now)) // it was sent after all
	b.now = b.now.Add(1000 * time.Hour)
	if all := b.messages(); len(all) != 0 {
		b.Errorf("claimed %+v, want none", all)
	}
	if b.GiveUpMessage(b.ctx(), 1<<40, b.now, "") == nil {
		b.Error("no error for a message that does not exist")
	}
}

func testOutboxRace(b *books) {
	const n, claimers = 40, 4
	for range n {
		w := b.newWallet()
		w.Message = ledger.Message{Key: w.ID, To: w.Number, Kind: "first_pin"}
		b.must(b.Register(b.ctx(), w))
	}
	claimed := make(chan int64, claimers*n)
	race(claimers, func(int) {
		for {
			all, err := b.ClaimMessages(b.ctx(), b.now, time.Minute, 3)
			if err != nil {
				b.Errorf("claim: %v", err)
				return
			}
			if len(all) == 0 {
				return
			}
			for _, m := range all {
				claimed <- m.ID
			}
		}
	})
	close(claimed)
	seen := make(map[int64]bool)
	for id := range claimed {
		if seen[id] {
			b.Errorf("message %d was claimed twice", id)
		}
		seen[id] = true
	}
	// A claimer may pass over rows that another one holds, so some may be left for the next time.
	for _, m := range b.messages() {
		if seen[m.ID] {
			b.Errorf("message %d was claimed twice", m.ID)
		}
		seen[m.ID] = true
	}
	if len(seen) != n {
		b.Errorf("%d messages were claimed, want %d", len(seen), n)
	}
}

func testMigrations(b *books) {
	b.must(b.Migrate(b.ctx()))
	b.must(b.Ping(b.ctx()))
	all, err := b.MigrationStatus(b.ctx())
	b.must(err)
	if len(all) == 0 {
		b.Error("no migrations")
	}
	for i, m := range all {
		if m.Version != i+1 || m.Name == "" || m.AppliedAt.IsZero() {
			b.Errorf("migration %d is %+v", i+1, m)
		}
	}
}
