package wallet

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet/biller"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// MaxHolder is the most characters of Checked.Holder.
const MaxHolder = 32

// Checked is what a provider says of an account.
type Checked struct {
	// Holder is whose account it is, a name or an address, in at most MaxHolder printable
	// characters of one line; "" when the provider does not tell.
	Holder string
}

// CheckAccount asks a provider whose account that is, where its catalogue says that it can be
// asked; of any other it returns nothing. Nothing moves. It declines unknown_provider, stopped,
// account_format, account_unknown, too_often when the wallet has asked Config.ChecksPerHour times
// within an hour, so that nobody reads a provider's customers off it, and unavailable when the
// provider gives no answer in Config.CheckTimeout.
func (i *Issuer) CheckAccount(
	ctx context.Context, n msisdn.Number, provider, account string,
) (Checked, error) {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return Checked{}, err
	}
	p, ok := i.catalogue(n).Provider(provider)
	if !ok {
		return Checked{}, decline(ledger.ReasonUnknownProvider, "")
	}
	if err := i.takes(p, p.Split(account)); err != nil || !p.Check {
		return Checked{}, err
	}
	b, _, ok := i.billerOf(n, provider)
	if !ok {
		return Checked{}, decline(ledger.ReasonStopped, "")
	}
	if !i.checks.take(w.ID, i.clock()) {
		return Checked{}, decline(ledger.ReasonTooOften, "")
	}
	id, err := i.drawID()
	if err != nil {
		return Checked{}, err
	}
	ctx, cancel := i.answering(ctx, i.config.CheckTimeout)
	defer cancel()
	a, err := b.Check(ctx, biller.Request{
		Txn: txnOf(id), Provider: provider, Account: account, Amount: max(p.Min, money.Som(1)),
		At: i.clock(),
	})
	return i.checked(p, a, err)
}

// checked is what the answer to a check means.
func (i *Issuer) checked(
	p catalogue.Provider, a biller.Answer, failure error,
) (Checked, error) {
	if failure != nil && !errors.Is(failure, biller.ErrNotSent) {
		i.log.Warn("a provider does not tell whose account it is", zap.String("provider", p.ID),
			zap.Error(failure))
	}
	if a.Verdict == biller.VerdictDone {
		holder := []rune(a.Holder)
		return Checked{Holder: string(holder[:min(len(holder), MaxHolder)])}, nil
	}
	switch a.Reason {
	case biller.ReasonAccountFormat:
		return Checked{}, &ledger.Decline{Reason: ledger.ReasonAccountFormat, Field: 1}
	case biller.ReasonAccountUnknown, biller.ReasonInactive:
		return Checked{}, decline(ledger.ReasonAccountUnknown, "")
	case biller.ReasonForbidden, biller.ReasonTechnical:
		return Checked{}, decline(ledger.ReasonStopped, "")
	case biller.ReasonTooSmall, biller.ReasonTooLarge: // of an amount that nobody has typed
		return Checked{}, nil
	}
	return Checked{}, decline(ledger.ReasonUnavailable, "")
}

// answering is ctx for at most a while, and without what a step needs to answer in.
func (i *Issuer) answering(
	ctx context.Context, most time.Duration,
) (context.Context, context.CancelFunc) {
	if limit, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(limit)-i.config.AnswerMargin)
	}
	return context.WithTimeout(ctx, most)
}

// Bounds of an allowance.
const (
	allowancePeriod = time.Hour
	// maxAsking is the most wallets whose questions are counted. When there are more, the counts of
	// hours that are over are dropped, and nobody new may ask until some are.
	maxAsking = 100_000
)

// An allowance counts the questions of wallets, each in hours that begin with its first one. It is
// of one process.
type allowance struct {
	most int
	mu   sync.Mutex
	of   map[string]asked
}

type asked struct {
	since time.Time
	count int
}

func newAllowance(most int) *allowance {
	return &allowance{most: most, of: make(map[string]asked)}
}

// take reports whether a wallet may ask once more.
func (a *allowance) take(wallet string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	had, known := a.of[wallet]
	if !known && len(a.of) >= maxAsking {
		for id, one := range a.of {
			if now.Sub(one.since) >= allowancePeriod {
				delete(a.of, id)
			}
		}
		if len(a.of) >= maxAsking {
			return false
		}
	}
	if !known || now.Sub(had.since) >= allowancePeriod {
		had = asked{since: now}
	}
	if had.count >= a.most {
		return false
	}
	had.count++
	a.of[wallet] = had
	return true
}
