package wallet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// Kinds of the messages that an Issuer queues, with their fields.
const (
	KindFirstPIN   = "first_pin"   // sealed: pin
	KindPINChanged = "pin_changed" // none
	KindPaid       = "paid"        // payee, account, amount, fee, code, balance
	KindNotPaid    = "not_paid"    // payee, account, amount
	KindReturned   = "returned"    // payee, account, amount, balance: what was held is back
	KindRefunded   = "refunded"    // payee, amount, balance: a payment was taken back
	KindSent       = "sent"        // payee, account, amount, fee, code, balance: of a transfer
	KindReceived   = "received"    // payer, number (masked), amount, code, balance: of a transfer
	KindCashCode   = "cash_code"   // sealed: pin, which is the code; amount, until
	KindCashVoided = "cash_voided" // amount, balance: nobody has fetched the cash in time
	KindCashIn     = "cash_in"     // network, amount, balance
	KindCashOut    = "cash_out"    // amount, balance: an agent has paid it out
	KindBlocked    = "wallet_blocked"
	KindUnblocked  = "wallet_unblocked" // a block, or a lock of wrong PINs, was ended by support
)

// firstAttempt is the attempt of the registration's own first PIN. No input has that name.
const firstAttempt = ""

// Bounds of a subscriber's name, in letters and in all.
const (
	minNameLetters = 2
	maxNameRunes   = 64
)

// ErrName says that a name has less than two letters, is too long, or holds something other than
// letters, spaces, hyphens, apostrophes and dots.
var ErrName = errors.New("wallet: not a name")

// maxPINDraws bounds how often a first PIN is drawn again because it suits the subscriber's birth
// date or number. Such PINs are less than one in a hundred.
const maxPINDraws = 100

// An Application asks for a wallet. Whether the number's network is served is the caller's to ask.
type Application struct {
	Number msisdn.Number
	Name   string
	INN    string
	Lang   string
}

// Register opens a wallet at Level, remembers which public offer it was opened under, and queues
// its first PIN as an SMS. The same application again, before that PIN was used, is done already
// and sends nothing. It declines registered, inn_taken and inn_future, and fails with ErrName and
// ErrINN.
func (i *Issuer) Register(ctx context.Context, a Application) error {
	now := i.clock()
	w, err := i.newWallet(a, now)
	if err != nil {
		return err
	}
	s, err := i.drawPIN(w.Wallet)
	if err != nil {
		return err
	}
	defer s.Wipe()
	if w.PIN, err = i.verifier(w.ID, s); err != nil {
		return err
	}
	w.Message = messageOf(w.Wallet, KindFirstPIN, firstAttempt, now)
	if w.Message.Sealed, err = i.sealedPIN(w.Message.Key, s); err != nil {
		return err
	}
	w.FirstPIN = true
	if err := i.store.Register(ctx, w); err != nil {
		return i.registeredAlready(ctx, w, err)
	}
	i.config.Queued()
	return nil
}

// registeredAlready turns a decline into success when the very same application was granted and
// its PIN is still on the way: the input that confirmed it has come twice. Of one with a known PIN
// it does not matter what has become of that since. A number that is registered otherwise is
// declined for that, even when the INN is taken too.
func (i *Issuer) registeredAlready(ctx context.Context, w ledger.NewWallet, cause error) error {
	reason := ledger.ReasonOf(cause)
	if reason == ledger.ReasonRegistered || reason == ledger.ReasonINNTaken {
		there, err := i.store.Wallet(ctx, w.Number)
		switch {
		case err != nil: // the INN is another number's, or nothing better is known
		case (there.FirstPIN || !w.FirstPIN) && bytes.Equal(there.INNHash, w.INNHash):
			return nil
		default:
			return decline(ledger.ReasonRegistered, "")
		}
	}
	return fmt.Errorf("wallet: register: %w", cause)
}

// Seed registers with a known PIN that counts as used, and without an SMS: for development and
// tests. A wallet of the same number and INN is left as it is.
func (i *Issuer) Seed(ctx context.Context, a Application, s pin.Secret) error {
	w, err := i.newWallet(a, i.clock())
	if err != nil {
		return err
	}
	if w.PIN, err = i.verifier(w.ID, s); err != nil {
		return err
	}
	if err := i.store.Register(ctx, w); err != nil {
		return i.registeredAlready(ctx, w, err)
	}
	return nil
}

// ResendFirstPIN makes a new first PIN and queues its SMS. attempt names the input that asked for
// it: the same input again is done already. It declines blocked, suspect, pin_used when the first
// PIN was used, and too_often.
func (i *Issuer) ResendFirstPIN(ctx context.Context, n msisdn.Number, attempt string) error {
	if attempt == "" {
		return errNoAttempt
	}
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return err
	}
	message := messageOf(w, KindFirstPIN, attempt, i.clock())
	return i.once(ctx, message, i.resend(ctx, w, message))
}

func (i *Issuer) resend(ctx context.Context, w ledger.Wallet, message ledger.Message) error {
	if err := mayMove(w); err != nil {
		return err
	}
	if !w.FirstPIN {
		return decline(ledger.ReasonPINUsed, "")
	}
	now := message.CreatedAt
	since, allowed := now.Add(-24*time.Hour), i.config.ResendPerDay
	if !w.RegisteredAt.Before(since) {
		allowed++ // the registration's own
	}
	sent, err := i.store.FirstPINsSince(ctx, w.ID, since)
	if err != nil {
		return fmt.Errorf("wallet: resend first PIN: %w", err)
	}
	if sent >= allowed {
		return decline(ledger.ReasonTooOften, "")
	}
	s, err := i.drawPIN(w)
	if err != nil {
		return err
	}
	defer s.Wipe()
	v, err := i.verifier(w.ID, s)
	if err != nil {
		return err
	}
	if message.Sealed, err = i.sealedPIN(message.Key, s); err != nil {
		return err
	}
	if err := i.store.ReplacePIN(ctx, w.ID, v, true, now, &message); err != nil {
		return fmt.Errorf("wallet: resend first PIN: %w", err)
	}
	i.config.Queued()
	return nil
}

// newWallet checks an application and makes all of the wallet but its PIN.
func (i *Issuer) newWallet(a Application, now time.Time) (ledger.NewWallet, error) {
	name, err := cleanName(a.Name)
	if err != nil {
		return ledger.NewWallet{}, err
	}
	birth, err := BirthDate(a.INN, now.In(i.config.Zone))
	if errors.Is(err, ErrINNFuture) {
		return ledger.NewWallet{}, decline(ledger.ReasonINNFuture, "")
	}
	if err != nil {
		return ledger.NewWallet{}, err
	}
	if a.Number.IsZero() || a.Lang == "" || len(a.Lang) > maxLangOctets {
		return ledger.NewWallet{}, errors.New("wallet: register: no number or no language")
	}
	id, err := i.drawID()
	if err != nil {
		return ledger.NewWallet{}, err
	}
	nonce, err := i.draw(pin.NonceOctets)
	if err != nil {
		return ledger.NewWallet{}, err
	}
	sealed, err := i.keys.Seal([]byte(a.INN), boundINN(id), nonce)
	if err != nil {
		return ledger.NewWallet{}, fmt.Errorf("wallet: register: %w", err)
	}
	return ledger.NewWallet{
		Wallet: ledger.Wallet{
			ID: id, Number: a.Number, Name: name, Lang: a.Lang, Level: Level,
			INNHash: i.keys.Fingerprint(purposeINN, a.INN), INNSealed: sealed, BirthDate: birth,
			OfferHash: i.config.PublicOffer.Hash,
		},
		Now: now,
	}, nil
}

// boundINN is what a sealed INN is bound to.
func boundINN(wallet string) string { return "inn/" + wallet }

// cleanName trims a name and makes every gap one space.
func cleanName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", ErrName
	}
	name = strings.Join(strings.Fields(name), " ")
	letters := 0
	for _, r := range name {
		if unicode.IsLetter(r) {
			letters++
		} else if !unicode.IsMark(r) && !strings.ContainsRune(" -.'’ʼ`", r) {
			return "", ErrName
		}
	}
	if letters < minNameLetters || utf8.RuneCountInString(name) > maxNameRunes {
		return "", ErrName
	}
	return name, nil
}

// drawPIN draws a PIN that is not weak for this subscriber.
func (i *Issuer) drawPIN(w ledger.Wallet) (pin.Secret, error) {
	for range maxPINDraws {
		s, err := pin.Random(i.config.PINLength, lockedReader{i})
		if err != nil {
			return pin.Secret{}, fmt.Errorf("wallet: first PIN: %w", err)
		}
		if !pin.Weak(s, hintsOf(w)) {
			return s, nil
		}
		s.Wipe()
	}
	return pin.Secret{}, errors.New("wallet: first PIN: the source is not random")
}

func hintsOf(w ledger.Wallet) pin.Hints {
	return pin.Hints{BirthDate: w.BirthDate, Number: w.Number.Digits()}
}

func (i *Issuer) verifier(wallet string, s pin.Secret) (pin.Verifier, error) {
	salt, err := i.draw(pin.SaltOctets)
	if err != nil {
		return pin.Verifier{}, err
	}
	v, err := i.keys.Verifier(wallet, s, salt)
	if err != nil {
		return pin.Verifier{}, fmt.Errorf("wallet: %w", err)
	}
	return v, nil
}

// sealedPIN seals a PIN into the message of a key, to which it is bound.
func (i *Issuer) sealedPIN(key string, s pin.Secret) ([]byte, error) {
	nonce, err := i.draw(pin.NonceOctets)
	if err != nil {
		return nil, err
	}
	payload := sealedPayload(s)
	defer clear(payload)
	sealed, err := i.keys.Seal(payload, key, nonce)
	if err != nil {
		return nil, fmt.Errorf("wallet: first PIN: %w", err)
	}
	return sealed, nil
}

// messageOf makes a message of a kind that a wallet may get many times, once for each attempt.
func messageOf(w ledger.Wallet, kind, attempt string, now time.Time) ledger.Message {
	return ledger.Message{
		Key: kind + "/" + w.ID + "/" + attempt, To: w.Number, Kind: kind, Lang: w.Lang,
		CreatedAt: now,
	}
}
