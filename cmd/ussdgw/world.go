package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"ussdgw/ussd"
	"ussdgw/ussd/session"
	"ussdgw/ussd/transcript"
	"ussdgw/wallet"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/litestore"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// worldFunds bounds the movements of a scenario that are looked at.
const worldFunds = 100

// givenINN is the INN of the wallet that a scenario is given, and givenBirthDate what it says.
const (
	givenINN       = "10101199000001"
	givenBirthDate = "01011990"
)

// drawPINs makes the secrets of one scenario. The wallet would take each as its PIN, but for Weak.
func drawPINs(length int, number msisdn.Number) (transcript.PINs, error) {
	hints := pin.Hints{BirthDate: givenBirthDate, Number: number.Digits()}
	var drawn []string
	for len(drawn) < 3 {
		s, err := pin.Random(length, rand.Reader)
		if err != nil {
			return transcript.PINs{}, fmt.Errorf("test: %w", err)
		}
		if digits := string(s.Reveal()); !slices.Contains(drawn, digits) && !pin.Weak(s, hints) {
			drawn = append(drawn, digits)
		}
	}
	return transcript.PINs{
		PIN: drawn[0], Wrong: drawn[1], New: drawn[2], Weak: strings.Repeat("1", length),
		INN: givenINN,
	}, nil
}

// drawKeys makes the keys of one scenario.
func drawKeys() (*pin.Keys, error) {
	key := make([]byte, pin.MinKeyOctets)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("test: %w", err)
	}
	return pin.NewKeys(1, map[int][]byte{1: key})
}

// A scenarioClock stands still but for a millisecond at each look, so that no two things happen
// at the same time, and for Advance.
type scenarioClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *scenarioClock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *scenarioClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// inbox keeps the SMS of all phones. It implements teller.SMSSender.
type inbox struct {
	mu    sync.Mutex
	texts map[msisdn.Number][]string
}

func (b *inbox) SendSMS(_ context.Context, to msisdn.Number, text string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.texts[to] = append(b.texts[to], text)
	return nil
}

func (b *inbox) all(of msisdn.Number) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.texts[of])
}

// A books is the part of a world that both kinds have in common: the assembly and its ledger.
type books struct {
	assembly *assembly
	ledger   ledger.Store
	number   msisdn.Number
	billers  *simBillers
	txns     int // of the agent so far
	running  *stages
}

// populate makes the wallets that a scenario begins with.
func (b *books) populate(ctx context.Context, s transcript.Scenario, pins transcript.PINs) error {
	issuer := b.assembly.issuer
	if inn := s.Given.TakenINN; inn != "" {
		other, err := msisdn.Parse(msisdn.CountryCode + "555999999")
		if err != nil {
			return err
		}
		a := wallet.Application{Number: other, Name: "Asanov Asan", INN: inn, Lang: "ky"}
		if err := issuer.Seed(ctx, a, pin.NewSecret([]byte(pins.Wrong))); err != nil {
			return fmt.Errorf("test: seed: %w", err)
		}
	}
	if err := b.others(ctx, s.Others, pins.Wrong); err != nil {
		return err
	}
	if !s.Given.Registered {
		return nil
	}
	a := wallet.Application{
		Number: s.Number, Name: "Asanov Asan", INN: givenINN, Lang: s.Given.Lang,
	}
	register := func() error { return issuer.Seed(ctx, a, pin.NewSecret([]byte(pins.PIN))) }
	if s.Given.FirstPIN {
		register = func() error { return issuer.Register(ctx, a) }
	}
	if err := register(); err != nil {
		return fmt.Errorf("test: seed: %w", err)
	}
	if s.Given.Balance == 0 {
		return nil
	}
	if err := issuer.Fund(ctx, "given", s.Number, s.Given.Balance); err != nil {
		return fmt.Errorf("test: fund: %w", err)
	}
	return nil
}

// Payments are the debits of the phone's wallet, oldest first.
func (b *books) Payments(ctx context.Context) ([]transcript.Payment, error) {
	w, err := b.ledger.Wallet(ctx, b.number)
	if errors.Is(err, ledger.ErrNoWallet) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := b.ledger.Movements(ctx, ledger.WalletAccount(w.ID), 0, worldFunds)
	if err != nil {
		return nil, err
	}
	var payments []transcript.Payment
	for _, m := range slices.Backward(all) {
		if m.Amount < 0 {
			payments = append(payments, transcript.Payment{
				Total: -m.Amount, Provider: m.Offer.Provider, Account: m.Offer.Account,
			})
		}
	}
	return payments, nil
}

// flush sends all that the outbox holds.
func (b *books) flush(ctx context.Context) error {
	for {
		sent, err := b.assembly.relay.Once(ctx)
		if err != nil || sent == 0 {
			return err
		}
	}
}

// settle waits for the orders to providers that are under way.
func (b *books) settle() error {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	return b.assembly.held.Run(ended) // what it does at its end is all that is left
}

// audit fails when the books do not balance.
func (b *books) audit(ctx context.Context) error {
	breaches, err := b.ledger.Verify(ctx)
	if err == nil && len(breaches) > 0 {
		err = fmt.Errorf("test: the books do not balance: %v", breaches)
	}
	return err
}

// A localWorld is a gateway in this process, without a network: it hands requests to the gateway
// as a link would, and moves its clock.
type localWorld struct {
	books
	clock    *scenarioClock
	inbox    *inbox
	dialogue int
	unit     int
	open     bool
}

// worldSettings are what all worlds of a run have in common.
type worldSettings struct {
	menus     *menuSet
	pinLength int
	log       *zap.Logger
	metrics   *metrics // nil: nothing is counted
}

func (w worldSettings) wallet(given transcript.Given) wallet.Config {
	return wallet.Config{PINLength: w.pinLength, BalancePIN: given.BalancePIN}
}

func openLocalWorld(
	ctx context.Context, set worldSettings, s transcript.Scenario, pins transcript.PINs,
) (_ transcript.World, err error) {
	store, err := litestore.Open("")
	if err != nil {
		return nil, err
	}
	w := &localWorld{
		clock: &scenarioClock{now: s.Clock}, inbox: &inbox{texts: map[msisdn.Number][]string{}},
	}
	w.ledger, w.number, w.running = store, s.Number, newStages()
	if s.Clock.IsZero() {
		w.clock.now = time.Now()
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if err := store.Migrate(ctx); err != nil {
		return nil, err
	}
	keys, err := drawKeys()
	if err != nil {
		return nil, err
	}
	if w.billers, err = openSimBillers(nil, w.clock.read, set.metrics); err != nil {
		return nil, err
	}
	w.running.start("simulated billers", w.billers.run)
	w.assembly, err = assemble(parts{
		billers: w.billers.find,
		menus:   set.menus, sessions: session.NewMemory(0, w.clock.read), ledger: store, keys: keys,
		clock: w.clock.read, log: set.log, metrics: set.metrics,
		wallet: set.wallet(s.Given), limits: defaultConfig().Limits,
	})
	if err != nil {
		return nil, err
	}
	w.assembly.sendBy(w.inbox)
	w.running.start("poster", w.assembly.poster.Run)
	return w, w.populate(ctx, s, pins)
}

func (w *localWorld) request(kind ussd.Kind, text string) ussd.Request {
	return ussd.Request{
		Link: "test", Number: w.number, Service: w.assembly.gateway.Service(), Kind: kind,
		Dialogue: fmt.Sprint(w.dialogue), Unit: fmt.Sprint(w.unit),
		Text: pin.NewSecret([]byte(text)),
	}
}

// Dial begins a new dialogue; one that was open dies without a word to the gateway.
func (w *localWorld) Dial(
	ctx context.Context, code string, drop, repeat bool,
) (transcript.Shown, error) {
	w.dialogue, w.unit, w.open = w.dialogue+1, 0, true
	return w.send(ctx, ussd.Begin, code, drop, repeat)
}

// Answer answers the screen on display.
func (w *localWorld) Answer(
	ctx context.Context, text string, drop, repeat bool,
) (transcript.Shown, error) {
	if !w.open {
		return transcript.Shown{}, errors.New("test: no dialogue is open: dial first")
	}
	return w.send(ctx, ussd.Input, text, drop, repeat)
}

func (w *localWorld) send(
	ctx context.Context, kind ussd.Kind, text string, drop, repeat bool,
) (transcript.Shown, error) {
	w.unit++
	g := w.assembly.gateway
	req := w.request(kind, text)
	r := g.Step(ctx, req)
	g.Acknowledge(ctx, req, r, !drop)
	if repeat {
		again := w.request(kind, text)
		if second := g.Step(ctx, again); second.Kind != ussd.None {
			return transcript.Shown{}, fmt.Errorf("test: a repeated input shows a second screen, "+
				"%s", second.State)
		}
	}
	if r.Kind == ussd.None {
		return transcript.Shown{}, errors.New("test: no screen came")
	}
	w.open = r.Kind == ussd.Ask && !drop
	return transcript.Shown{
		End: r.Kind == ussd.End, State: r.State, Text: r.Text,
		Alphabet: r.Alphabet.String(), Used: r.Units, Limit: r.Limit,
	}, nil
}

// HangUp tells the gateway that the dialogue is over.
func (w *localWorld) HangUp(ctx context.Context) error {
	w.unit++
	w.assembly.gateway.Step(ctx, w.request(ussd.Abort, ""))
	w.open = false
	return nil
}

// Advance moves the clock and lets the sweeper and the dispatcher look around.
func (w *localWorld) Advance(ctx context.Context, d time.Duration) error {
	w.clock.advance(d)
	_, err := w.assembly.sweeper.Once(ctx)
	_, heldErr := w.assembly.held.Once(ctx)
	return errors.Join(err, heldErr)
}

// Messages are the SMS that the phone of a number has received.
func (w *localWorld) Messages(ctx context.Context, of msisdn.Number) ([]string, error) {
	if err := w.flush(ctx); err != nil {
		return nil, err
	}
	return w.inbox.all(of), nil
}

// Close audits the books and ends the world.
func (w *localWorld) Close() error {
	var err error
	if w.assembly != nil {
		err = errors.Join(w.settle(), w.audit(context.Background()))
	}
	err = errors.Join(err, w.running.stop())
	w.ledger.Close()
	return err
}
