package wallet

import (
	"errors"
	"fmt"
	"time"

	"ussdgw/wallet/biller"
	"ussdgw/wallet/pin"
)

// ZoneName is the zone whose days and months the limits are counted in.
const ZoneName = "Asia/Bishkek"

// Bounds of Config.
const (
	maxTriesLimit = 10
	// UntilSupport is the length of a lock that only support ends: nobody waits for ten years.
	UntilSupport = 10 * 365 * 24 * time.Hour
)

// DefaultLocks returns the default of Config.LockFor.
func DefaultLocks() []time.Duration {
	return []time.Duration{30 * time.Minute, 24 * time.Hour, UntilSupport}
}

// Config says how an Issuer behaves. The zero value has the defaults.
type Config struct {
	// PINLength is how many digits a PIN has, 4 to 12. [4]
	PINLength int
	// MaxTries is how many wrong PINs lock a wallet, 1 to 10. [3]
	MaxTries int
	// LockFor is how long the first lock lasts, the second, and so on; the last one is used from
	// there on. None is shorter than the one before.
	// [DefaultLocks: 30m, 24h, until support unlocks]
	LockFor []time.Duration
	// OfferTTL is how long an offer may wait for its PIN. [10m]
	OfferTTL time.Duration
	// RepeatWithin is how long after a payment the same one is asked about again. [10m]
	RepeatWithin time.Duration
	// StageTTL is how long a change of PIN may take, from the old PIN to the new one and from
	// there to the new one again. [5m]
	StageTTL time.Duration
	// ResendPerDay is how often in 24 hours a first PIN may be sent again. [3]
	ResendPerDay int
	// MustChangeFirstPIN declines payments until the PIN that came by SMS is changed. [false]
	MustChangeFirstPIN bool
	// BalancePIN shows a balance only to who types the PIN. [false]
	BalancePIN bool
	// PublicOffer is what subscribers agree to by registering. [ExamplePublicOffer]
	PublicOffer PublicOffer
	// SweepAfter is how long a payment may be under way before the Sweeper settles it. [30s]
	SweepAfter time.Duration
	// Billers returns the system behind a provider by the name that the catalogue has for it, and
	// false when there is none of the name. One that has a method Open(time.Time) bool, such as a
	// biller.Guard, says by it that it would take nothing now. It is called from any goroutine.
	// [nil: there are none]
	Billers func(name string) (biller.Biller, bool)
	// CallTimeout bounds one order to a provider. [60s]
	CallTimeout time.Duration
	// AnswerMargin is what a step keeps of its time to answer in, when it waits for a provider. [1s]
	AnswerMargin time.Duration
	// GiveUpAfter is how long a payment that a provider has not answered is repeated. [24h]
	GiveUpAfter time.Duration
	// CheckTimeout bounds the question whose account it is. [3s]
	CheckTimeout time.Duration
	// ChecksPerHour is how often in an hour a wallet may ask whose accounts or numbers those are. [20]
	ChecksPerHour int
	// CashOutTTL is how long the money of a cash-out waits for an agent to pay it out. [30m]
	CashOutTTL time.Duration
	// ReceiptsPerDay is how often in 24 hours a wallet gets the SMS of past movements again. [5]
	ReceiptsPerDay int
	// Zone has the days and months of the limits. [Asia/Bishkek]
	Zone *time.Location
	// Queued is called after a message may have entered the outbox; it must not block. A Relay's
	// Kick fits. [nil: nobody is told]
	Queued func()
}

func (c Config) withDefaults() Config {
	orInt(&c.PINLength, 4)
	orInt(&c.MaxTries, 3)
	orInt(&c.ResendPerDay, 3)
	orInt(&c.ChecksPerHour, 20)
	orInt(&c.ReceiptsPerDay, 5)
	orDuration(&c.OfferTTL, 10*time.Minute)
	orDuration(&c.RepeatWithin, 10*time.Minute)
	orDuration(&c.StageTTL, 5*time.Minute)
	orDuration(&c.SweepAfter, 30*time.Second)
	orDuration(&c.CashOutTTL, 30*time.Minute)
	orDuration(&c.CallTimeout, biller.DefaultTimeout)
	orDuration(&c.AnswerMargin, time.Second)
	orDuration(&c.GiveUpAfter, biller.GiveUpAfter)
	orDuration(&c.CheckTimeout, 3*time.Second)
	if c.Billers == nil {
		c.Billers = func(string) (biller.Biller, bool) { return nil, false }
	}
	if len(c.LockFor) == 0 {
		c.LockFor = DefaultLocks()
	}
	if c.PublicOffer == (PublicOffer{}) {
		c.PublicOffer = ExamplePublicOffer()
	}
	if c.Zone == nil {
		c.Zone = zone()
	}
	if c.Queued == nil {
		c.Queued = func() {}
	}
	return c
}

func orInt(field *int, fallback int) {
	if *field == 0 {
		*field = fallback
	}
}

func orDuration(field *time.Duration, fallback time.Duration) {
	if *field == 0 {
		*field = fallback
	}
}

// zone falls back to the offset that Bishkek has had since 2005 where no zone data is installed.
func zone() *time.Location {
	if z, err := time.LoadLocation(ZoneName); err == nil {
		return z
	}
	return time.FixedZone(ZoneName, 6*60*60)
}

func (c Config) validate() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("wallet: config: "+format, args...))
		}
	}
	fault(c.PINLength < pin.MinDigits || c.PINLength > pin.MaxDigits,
		"PINLength %d: want %d to %d", c.PINLength, pin.MinDigits, pin.MaxDigits)
	fault(c.MaxTries < 1 || c.MaxTries > maxTriesLimit,
		"MaxTries %d: want 1 to %d", c.MaxTries, maxTriesLimit)
	fault(c.ResendPerDay < 0, "ResendPerDay %d: want at least 1", c.ResendPerDay)
	fault(c.ChecksPerHour < 0, "ChecksPerHour %d: want at least 1", c.ChecksPerHour)
	fault(c.ReceiptsPerDay < 0, "ReceiptsPerDay %d: want at least 1", c.ReceiptsPerDay)
	for i, lock := range c.LockFor {
		fault(lock <= 0, "LockFor %s: want more than nothing", lock)
		fault(i > 0 && lock < c.LockFor[max(i-1, 0)],
			"LockFor %s: want at least the one before", lock)
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"OfferTTL", c.OfferTTL},
		{"RepeatWithin", c.RepeatWithin},
		{"StageTTL", c.StageTTL},
		{"SweepAfter", c.SweepAfter},
		{"CashOutTTL", c.CashOutTTL},
		{"CallTimeout", c.CallTimeout},
		{"AnswerMargin", c.AnswerMargin},
		{"GiveUpAfter", c.GiveUpAfter},
		{"CheckTimeout", c.CheckTimeout},
	} {
		fault(d.value <= 0, "%s %s: want more than nothing", d.name, d.value)
	}
	return errors.Join(faults...)
}
