package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet"
	"ussdgw/wallet/biller"
)

// WalletConfig says how the issuer behaves to its subscribers.
type WalletConfig struct {
	// PublicOfferFile is the text that subscribers agree to by registering: its version and day on
	// the first line. Only its hash is stored with a wallet. Required by serve.
	PublicOfferFile string `mapstructure:"public_offer_file"`
	BalancePIN      bool   `mapstructure:"balance_pin"` // a balance is shown for the PIN only [false]
	// ResendPerDay is how often in 24 hours a first PIN is sent again, 1..20 [3].
	ResendPerDay int           `mapstructure:"resend_per_day"`
	OfferTTL     time.Duration `mapstructure:"offer_ttl"` // an offer waits for its PIN, 1m..1h [10m]
	// RepeatWithin is how long after a payment the same one is asked about, 1s..24h [10m].
	RepeatWithin time.Duration `mapstructure:"repeat_within"`
	// PINChangeTTL is how long one step of a change of PIN may take, 1m..1h [5m].
	PINChangeTTL time.Duration `mapstructure:"pin_change_ttl"`
	// SweepAfter is when a payment without a result is settled by itself, 10s..10m [30s].
	SweepAfter time.Duration `mapstructure:"sweep_after"`
	// GiveUpAfter is how long a payment that a provider does not answer is repeated, 10m..168h [24h].
	GiveUpAfter time.Duration `mapstructure:"give_up_after"`
	// CheckTimeout bounds the question to a provider whose account it is, 100ms..10s [3s].
	CheckTimeout time.Duration `mapstructure:"check_timeout"`
	// ChecksPerHour is how often a wallet may ask that in an hour, 1..1000 [20].
	ChecksPerHour int `mapstructure:"checks_per_hour"`
	// CashOutTTL is how long cash waits for its code, 1m..72h [30m].
	CashOutTTL time.Duration `mapstructure:"cash_out_ttl"`
	// ReceiptsPerDay is how often in 24 hours a wallet gets receipts again, 1..100 [5].
	ReceiptsPerDay int `mapstructure:"receipts_per_day"`
}

func (w WalletConfig) withDefaults() WalletConfig {
	defaultTo(&w.ResendPerDay, 3)
	defaultTo(&w.OfferTTL, 10*time.Minute)
	defaultTo(&w.RepeatWithin, 10*time.Minute)
	defaultTo(&w.PINChangeTTL, 5*time.Minute)
	defaultTo(&w.SweepAfter, 30*time.Second)
	defaultTo(&w.GiveUpAfter, biller.GiveUpAfter)
	defaultTo(&w.CheckTimeout, 3*time.Second)
	defaultTo(&w.ChecksPerHour, 20)
	defaultTo(&w.CashOutTTL, 30*time.Minute)
	defaultTo(&w.ReceiptsPerDay, 5)
	return w
}

func (w WalletConfig) validate(at *faults) {
	between(at, "wallet.resend_per_day", w.ResendPerDay, 1, 20)
	between(at, "wallet.offer_ttl", w.OfferTTL, time.Minute, time.Hour)
	between(at, "wallet.repeat_within", w.RepeatWithin, time.Second, 24*time.Hour)
	between(at, "wallet.pin_change_ttl", w.PINChangeTTL, time.Minute, time.Hour)
	between(at, "wallet.sweep_after", w.SweepAfter, 10*time.Second, 10*time.Minute)
	between(at, "wallet.give_up_after", w.GiveUpAfter, 10*time.Minute, 7*24*time.Hour)
	between(at, "wallet.check_timeout", w.CheckTimeout, 100*time.Millisecond, 10*time.Second)
	between(at, "wallet.checks_per_hour", w.ChecksPerHour, 1, 1000)
	between(at, "wallet.cash_out_ttl", w.CashOutTTL, time.Minute, 72*time.Hour)
	between(at, "wallet.receipts_per_day", w.ReceiptsPerDay, 1, 100)
}

// wallet is the part of the configuration that the issuer has. The public offer is read apart.
func (c Config) wallet() wallet.Config {
	w := c.Wallet
	return wallet.Config{
		PINLength: c.PIN.Length, MaxTries: c.PIN.Tries, LockFor: c.PIN.Locks,
		MustChangeFirstPIN: c.PIN.MustChangeFirst, BalancePIN: w.BalancePIN,
		ResendPerDay: w.ResendPerDay, OfferTTL: w.OfferTTL, RepeatWithin: w.RepeatWithin,
		StageTTL: w.PINChangeTTL, SweepAfter: w.SweepAfter, GiveUpAfter: w.GiveUpAfter,
		CheckTimeout: w.CheckTimeout, ChecksPerHour: w.ChecksPerHour,
		CashOutTTL: w.CashOutTTL, ReceiptsPerDay: w.ReceiptsPerDay,
	}
}

// publicOffer reads the offer that new subscribers agree to.
func (w WalletConfig) publicOffer() (wallet.PublicOffer, error) {
	if w.PublicOfferFile == "" {
		return wallet.PublicOffer{}, errors.New("wallet.public_offer_file is missing\n" +
			"name a file with the text of the public offer, its version and day on the first line")
	}
	text, err := readAtMost(w.PublicOfferFile, maxNamedFileOctets)
	if err != nil {
		return wallet.PublicOffer{}, fmt.Errorf("wallet.public_offer_file: %w", err)
	}
	o, err := wallet.ParsePublicOffer(text)
	if err != nil {
		return o, fmt.Errorf("wallet.public_offer_file: %s: %w", w.PublicOfferFile, err)
	}
	return o, nil
}

// checkKeys compares the PIN keys with the books before anybody is served. A key that is not there
// makes PINs worthless, which their owners can have reset; one that makes other fingerprints would
// make every subscriber a stranger.
func checkKeys(ctx context.Context, cfg Config, issuer *wallet.Issuer, log *zap.Logger) error {
	missing, err := issuer.CheckKeys(ctx)
	if errors.Is(err, wallet.ErrFingerprints) {
		return fmt.Errorf("pin.key_file: %w\n%s has lost the key of the lowest version, or has a line "+
			"\"fingerprint:\" with another key: put it back", err, cfg.PIN.KeyFile)
	}
	if missing != "" {
		log.Error("PIN keys are missing", zap.String("missing", missing),
			zap.String("file", cfg.PIN.KeyFile))
	}
	return err
}
