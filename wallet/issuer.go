package wallet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// Level is the identification level of a wallet that was registered from afar, over USSD. The
// catalogue has its limits.
const Level = catalogue.LevelRemote

// idOctets is the length of the random ids of wallets and offers.
const idOctets = 16

// A Poster executes one payment: see ledger.Poster.
type poster interface {
	Post(ctx context.Context, payment ledger.Payment) (ledger.Receipt, error)
}

// An Issuer runs the wallets. It is safe for concurrent use, by several processes on one store.
//
// The only goroutines that it starts are those of Pay for orders to providers: each ends after
// Config.CallTimeout at the latest, and Dispatcher.Run, at its end, waits for them.
type Issuer struct {
	config    Config
	store     ledger.Store
	poster    poster
	keys      *pin.Keys
	catalogue func(msisdn.Number) *catalogue.Catalogue
	clock     func() time.Time
	log       *zap.Logger
	calls     *calls
	checks    *allowance

	drawing sync.Mutex
	random  io.Reader
}

// NewIssuer returns an Issuer over a store and the running Poster of that store. live returns the
// catalogue that holds for a subscriber at the moment of a call, never nil: its fees, limits and
// stops decide, whatever an older menu shows. A nil clock is time.Now, a nil random crypto/rand, a
// nil log none. It fails when the configuration has a fault, and names all of them.
func NewIssuer(
	config Config, store ledger.Store, poster *ledger.Poster, keys *pin.Keys,
	live func(msisdn.Number) *catalogue.Catalogue, clock func() time.Time, random io.Reader,
	log *zap.Logger,
) (*Issuer, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	i := &Issuer{
		config: config, store: store, poster: poster, keys: keys, catalogue: live,
		clock: clock, log: log, random: random, calls: newCalls(),
		checks: newAllowance(config.ChecksPerHour),
	}
	if clock == nil {
		i.clock = time.Now
	}
	if random == nil {
		i.random = rand.Reader
	}
	if log == nil {
		i.log = zap.NewNop()
	}
	return i, nil
}

// Wallet returns the wallet of a number, or ledger.ErrNoWallet. Every other method that takes a
// number fails with ledger.ErrNoWallet in the same way.
func (i *Issuer) Wallet(ctx context.Context, n msisdn.Number) (ledger.Wallet, error) {
	w, err := i.store.Wallet(ctx, n)
	if err != nil {
		return ledger.Wallet{}, fmt.Errorf("wallet: %w", err)
	}
	return w, nil
}

// maxLangOctets bounds the name of a language.
const maxLangOctets = 8

// SetLanguage changes the language of a wallet's messages.
func (i *Issuer) SetLanguage(ctx context.Context, n msisdn.Number, lang string) error {
	if lang == "" || len(lang) > maxLangOctets {
		return errors.New("wallet: set language: not a language")
	}
	w, err := i.Wallet(ctx, n)
	if err != nil || w.Lang == lang {
		return err
	}
	if err := i.store.SetLanguage(ctx, w.ID, lang); err != nil {
		return fmt.Errorf("wallet: set language: %w", err)
	}
	return nil
}

// Balance returns what a wallet has to spend.
func (i *Issuer) Balance(ctx context.Context, n msisdn.Number) (money.Amount, error) {
	w, err := i.Wallet(ctx, n)
	return w.Available(), err
}

// Fund credits a wallet from the trust account, once for each key. It is how development and tests
// get money. It declines key_reused, and limit_balance (Limit has what still fits) when the wallet
// would hold more than its level allows.
func (i *Issuer) Fund(
	ctx context.Context, key string, n msisdn.Number, amount money.Amount,
) error {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return err
	}
	level, err := i.level(w)
	if err != nil {
		return err
	}
	now := i.clock().In(i.config.Zone)
	if err := i.store.Fund(ctx, key, w.ID, amount, level.Balance, now); err != nil {
		return fmt.Errorf("wallet: fund: %w", err)
	}
	return nil
}

func decline(reason ledger.Reason, key string) *ledger.Decline {
	return &ledger.Decline{Reason: reason, Key: key}
}

// draw returns count random octets. The lock is for readers that are not safe for concurrent use.
func (i *Issuer) draw(count int) ([]byte, error) {
	octets := make([]byte, count)
	if _, err := io.ReadFull(lockedReader{i}, octets); err != nil {
		return nil, fmt.Errorf("wallet: random: %w", err)
	}
	return octets, nil
}

// drawID returns a new random id in hex.
func (i *Issuer) drawID() (string, error) {
	octets, err := i.draw(idOctets)
	return hex.EncodeToString(octets), err
}

// lockedReader reads from its Issuer's random source, one reader at a time.
type lockedReader struct{ i *Issuer }

func (r lockedReader) Read(p []byte) (int, error) {
	r.i.drawing.Lock()
	defer r.i.drawing.Unlock()
	return r.i.random.Read(p)
}
