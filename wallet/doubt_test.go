package wallet_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// held is an Applier that waits for release before it does what it is asked.
type held struct {
	ledger.Applier
	reached, release, applied chan struct{}
	let                       sync.Once
}

func (h *held) Apply(ctx context.Context, all []ledger.Payment) ([]ledger.Result, error) {
	close(h.reached)
	<-h.release
	defer close(h.applied)
	return h.Applier.Apply(ctx, all)
}

// letGo lets the payment go on, and waits until the books have done their part.
func (h *held) letGo() {
	h.let.Do(func() { close(h.release) })
	<-h.applied
}

// doubted pays an offer and is left in doubt, while the payment is held.
func (b *bench) doubted(o ledger.Offer) *held {
	b.t.Helper()
	h := &held{
		Applier: b.store, reached: make(chan struct{}), release: make(chan struct{}),
		applied: make(chan struct{}),
	}
	slow := b.over(h)
	b.t.Cleanup(h.letGo) // before the Poster is waited for
	ctx, leave := context.WithCancel(b.ctx())
	type answer struct {
		ledger.Receipt
		error
	}
	doubt := make(chan answer, 1)
	go func() {
		r, err := slow.Pay(ctx, number, o.ID, secret(canary), "1")
		doubt <- answer{r, err}
	}()
	<-h.reached
	leave()
	a := <-doubt
	b.fails(a.error, ledger.ErrInDoubt)
	if a.Offer.ID != o.ID || a.TransferID != "" {
		b.t.Errorf("in doubt: receipt %+v, want the offer %s alone", a.Receipt, o.ID)
	}
	return h
}

// Whoever was told to wait for an SMS gets one when the books refuse the payment after all.
func TestRefusalAfterDoubtIsToldBySMS(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(150)
	h := b.doubted(b.offer("100"))
	b.rival("120")
	b.silent()
	h.letGo()
	b.message(wallet.KindNotPaid)
}

// A wallet has one payment at a time: what is in doubt is settled before the next is offered, and
// the commit that was on its way must fail.
func TestOfferSettlesWhatIsUnderWay(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	old := b.offer("100")
	h := b.doubted(old)
	o := b.offer("100")
	m := b.message(wallet.KindNotPaid)
	wantFields(t, m, map[string]string{"payee": "Достэк", "account": dostek, "amount": "100.00"})
	_, err := b.pay(o.ID, canary, "2")
	b.ok(err)
	h.letGo()
	_, err = b.Resolve(b.ctx(), number, old.ID)
	b.declined(err, ledger.ReasonNotTaken)
	b.message(wallet.KindPaid)
	if balance := b.wallet().Balance; balance != money.Som(899) {
		t.Errorf("balance = %s, want one debit", balance)
	}
}

// The commit was done and its answer was lost: whoever pays the same again is asked first.
func TestOfferAfterALostAnswerIsARepeat(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	f := &faulty{Applier: b.store, after: ledger.ErrInDoubt}
	_, err := b.over(f).Pay(b.ctx(), number, b.offer("100").ID, secret(canary), "1")
	b.fails(err, ledger.ErrInDoubt)
	_, err = b.Offer(b.ctx(), quote("100"))
	b.declined(err, ledger.ReasonRepeated)
	b.message(wallet.KindPaid)
	_, err = b.Offer(b.ctx(), quote("900"))
	if d := b.declined(err, ledger.ReasonLowBalance); d.Limit != money.Som(899) {
		t.Errorf("balance told = %s, want what is left", d.Limit)
	}
}

// A payment that cannot be settled now leaves no offer behind, and no doubt.
func TestOfferWaitsForWhatIsInDoubt(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	old, _ := b.lost("100", "1")
	b.Issuer = b.troubled(&troubled{Store: b.store, refuse: ledger.ErrInDoubt})
	_, err := b.Offer(b.ctx(), quote("200"))
	b.unavailable(err)
	_, err = b.CurrentOffer(b.ctx(), number)
	b.fails(err, ledger.ErrNoOffer)
	if o, err := b.store.Offer(b.ctx(), old.ID); err != nil || o.State != ledger.OfferPressed {
		t.Errorf("old offer %+v, %v", o, err)
	}
	b.silent()
}

// The payment under way is done just before it would have been refused: the next offer knows what
// it has left.
func TestOfferCountsWhatItFindsDone(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	_, f := b.lost("900", "1")
	b.Issuer = b.troubled(&troubled{Store: b.store, refusing: func() {
		results, err := b.store.Apply(b.ctx(), f.late)
		b.ok(errors.Join(err, results[0].Err))
	}})
	_, err := b.Offer(b.ctx(), quote("100"))
	if d := b.declined(err, ledger.ReasonLowBalance); d.Limit != money.Som(91) {
		t.Errorf("balance told = %s, want 91.00", d.Limit)
	}
	b.message(wallet.KindPaid)
}

// An offer that is pressed while the next one is being made is not overtaken by it.
func TestOfferBesideAPress(t *testing.T) {
	b := newBench(t, wallet.Config{})
	b.seed(1000)
	old := b.offer("100")
	b.Issuer = b.troubled(&troubled{Store: b.store, similar: func() {
		b.ok(b.store.Press(b.ctx(), old.ID, b.clock.Now()))
	}})
	_, err := b.Offer(b.ctx(), quote("200"))
	b.unavailable(err)
	_, err = b.CurrentOffer(b.ctx(), number)
	b.fails(err, ledger.ErrNoOffer)
	_, err = b.pay(old.ID, canary, "1")
	b.ok(err)
	b.message(wallet.KindPaid)
}

// troubled is a store that is in doubt about some of its operations, which it does all the same.
type troubled struct {
	ledger.Store
	refuse                     error // instead of it
	count, wrong, right, press error
	similar                    func() // beforehand
	refusing                   func() // beforehand
}

// troubled returns an issuer over a store.
func (b *bench) troubled(s *troubled) *wallet.Issuer {
	b.t.Helper()
	i, err := wallet.NewIssuer(wallet.Config{PINLength: len(canary)}, s, b.poster, b.keys,
		providers(b.t, providersYAML), b.clock.Now, nil, b.log)
	b.ok(err)
	return i
}

// unavailable wants an error that says that nothing has moved and nothing will.
func (b *bench) unavailable(err error) {
	b.t.Helper()
	b.fails(err, ledger.ErrUnavailable)
	if errors.Is(err, ledger.ErrInDoubt) || ledger.ReasonOf(err) != "" {
		b.t.Fatalf("error = %v, want no doubt", err)
	}
}

func (s *troubled) Refuse(
	ctx context.Context, id string, r ledger.Reason, now time.Time, m *ledger.Message,
) (ledger.Result, error) {
	if s.refuse != nil {
		return ledger.Result{}, s.refuse
	}
	if s.refusing != nil {
		s.refusing()
	}
	return s.Store.Refuse(ctx, id, r, now, m)
}

func (s *troubled) Similar(
	ctx context.Context, o ledger.Offer, since time.Time,
) (ledger.Receipt, bool, error) {
	if s.similar != nil {
		s.similar()
	}
	return s.Store.Similar(ctx, o, since)
}

func (s *troubled) CountTry(ctx context.Context, t ledger.Try) (ledger.Tried, error) {
	tried, err := s.Store.CountTry(ctx, t)
	return tried, errors.Join(err, s.count)
}

func (s *troubled) WrongTry(
	ctx context.Context, t ledger.Try, lockFor []time.Duration,
) (int, time.Time, error) {
	left, until, err := s.Store.WrongTry(ctx, t, lockFor)
	return left, until, errors.Join(err, s.wrong)
}

func (s *troubled) RightTry(ctx context.Context, t ledger.Try) error {
	return errors.Join(s.Store.RightTry(ctx, t), s.right)
}

func (s *troubled) Press(ctx context.Context, id string, now time.Time) error {
	return errors.Join(s.Store.Press(ctx, id, now), s.press)
}

// Doubt about what comes before the payment is no doubt about money.
func TestPayDoubtBeforeThePayment(t *testing.T) {
	doubt := ledger.ErrInDoubt
	for name, c := range map[string]struct {
		troubled
		typed string
	}{
		"count try": {troubled{count: doubt}, canary},
		"wrong try": {troubled{wrong: doubt}, wrong},
		"right try": {troubled{right: doubt}, canary},
		"press":     {troubled{press: doubt}, canary},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, wallet.Config{})
			b.seed(1000)
			o := b.offer("100")
			sound := b.Issuer
			c.Store = b.store
			b.Issuer = b.troubled(&c.troubled)
			r, err := b.pay(o.ID, c.typed, "1")
			b.unavailable(err)
			if r.Offer.ID != o.ID || r.TransferID != "" {
				t.Errorf("receipt %+v, want the offer alone", r)
			}
			b.silent()
			b.Issuer = sound
			_, err = b.pay(o.ID, canary, "2")
			b.ok(err)
			b.message(wallet.KindPaid)
		})
	}
}
