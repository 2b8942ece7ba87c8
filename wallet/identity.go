package wallet

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// Kinds of the messages about who a wallet belongs to.
const (
	KindIdentity = "identity"  // none: no money moves until the INN is confirmed
	KindPINReset = "pin_reset" // sealed: pin
)

// Purposes of the keyed hashes. They are part of what is stored.
const (
	purposeINN  = "inn"
	purposeIMSI = "imsi"
)

// resetEvery is how long after any PIN that went out by SMS a control question gives another.
const resetEvery = 24 * time.Hour

// What the audit says of acts that nobody of the issuer does.
const (
	actResetPIN = "reset_pin"
	actConfirm  = "confirm"
	actSuspect  = "suspect"
	actLevel    = "level"

	reasonQuestion = "control question"
	reasonNetwork  = "another SIM"
	reasonINN      = "INN"
)

// Seen takes notice of the IMSI that the network tells with a subscriber's input, nothing when it
// tells none. The first one is remembered, as a keyed hash. Another one makes the wallet suspect,
// which an SMS tells: no money moves until ConfirmIdentity. A number without a wallet is no error.
func (i *Issuer) Seen(ctx context.Context, n msisdn.Number, imsi pin.Secret) error {
	if imsi.Len() == 0 {
		return nil
	}
	w, err := i.store.Wallet(ctx, n)
	if errors.Is(err, ledger.ErrNoWallet) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("wallet: seen: %w", err)
	}
	hash := i.keys.FingerprintOf(purposeIMSI, imsi)
	known := len(w.IMSIHash) > 0
	if w.Suspect != "" || known && subtle.ConstantTimeCompare(w.IMSIHash, hash) == 1 {
		return nil
	}
	if !known {
		same, err := i.store.SetIMSI(ctx, w.ID, hash)
		if err != nil {
			return fmt.Errorf("wallet: seen: %w", err)
		}
		if same {
			return nil
		}
	}
	return i.alarm(ctx, w, hash)
}

// alarm makes a wallet suspect whose number is used with another SIM.
func (i *Issuer) alarm(ctx context.Context, w ledger.Wallet, hash []byte) error {
	now := i.clock()
	name, err := i.drawID() // the wallet may become suspect again: that is another message
	if err != nil {
		return err
	}
	marked, err := i.store.Suspect(ctx, ledger.Alarm{
		Wallet: w.ID, Why: ledger.SuspectIMSI, IMSI: hash,
		Message: messageOf(w, KindIdentity, name, now),
		Record: ledger.Record{
			Actor: ledger.ActorNetwork, Act: actSuspect, Subject: ledger.WalletSubject(w.ID),
			Reason: reasonNetwork, At: now,
		},
	})
	if err != nil {
		return fmt.Errorf("wallet: seen: %w", err)
	}
	if marked {
		i.config.Queued()
		i.log.Info("wallet is suspect", zap.Stringer("msisdn", w.Number))
	}
	return nil
}

// ConfirmIdentity ends a suspicion when inn is the INN of the wallet: the SIM that is seen next is
// the owner's from then on. attempt names the input that carried inn; the same input again is the
// same try. Tries are counted with those of PINs and lock alike. The right INN of a wallet that is
// not suspect changes nothing and is no error. It declines wrong_pin, with the tries that are left,
// locked and blocked.
func (i *Issuer) ConfirmIdentity(
	ctx context.Context, n msisdn.Number, inn pin.Secret, attempt string,
) error {
	if attempt == "" {
		return errNoAttempt
	}
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return err
	}
	t, err := i.answer(ctx, w, "identity/"+attempt, i.ownINN(w, inn))
	if err != nil {
		return err
	}
	if err := i.store.RightAnswer(ctx, t); err != nil {
		return fmt.Errorf("wallet: confirm identity: %w", err)
	}
	err = i.store.Confirm(ctx, w.ID, nil, ledger.Record{
		Actor: ledger.ActorSubscriber, Act: actConfirm, Subject: ledger.WalletSubject(w.ID),
		Reason: reasonINN, At: t.Now,
	})
	if err != nil && ledger.ReasonOf(err) != ledger.ReasonNotSuspect {
		return fmt.Errorf("wallet: confirm identity: %w", err)
	}
	return nil
}

// ForgottenPIN answers the control question of a forgotten PIN: the whole INN, and the amount of
// the last payment, transfer or cash-out that was made from the wallet, without its fee. Money that
// others have sent, or put in, is not asked about: whoever sent it knows it too. When both are
// right a new first PIN goes out by SMS, which has to be changed before money moves. attempt names
// the input that carried the answer; the same input again is done already.
//
// Wrong answers are counted with wrong PINs and lock alike; nothing says which of the two was
// wrong. It declines blocked, suspect, too_often within 24 hours of any PIN that went out by SMS,
// wrong_pin with the tries that are left, locked, and ask_support when nothing was ever paid from
// the wallet.
func (i *Issuer) ForgottenPIN(
	ctx context.Context, n msisdn.Number, inn pin.Secret, amount money.Amount, attempt string,
) error {
	if attempt == "" {
		return errNoAttempt
	}
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return err
	}
	message := messageOf(w, KindPINReset, attempt, i.clock())
	return i.once(ctx, message, i.forgotten(ctx, w, inn, amount, attempt, message))
}

func (i *Issuer) forgotten(
	ctx context.Context, w ledger.Wallet, inn pin.Secret, amount money.Amount, attempt string,
	message ledger.Message,
) error {
	if err := mayMove(w); err != nil {
		return err
	}
	since := message.CreatedAt.Add(-resetEvery)
	sent, err := i.store.FirstPINsSince(ctx, w.ID, since)
	if err != nil {
		return fmt.Errorf("wallet: forgotten PIN: %w", err)
	}
	if sent > 0 { // before the answer is looked at: whether it is right is told to nobody
		return decline(ledger.ReasonTooOften, "")
	}
	spent, err := i.store.LastSpent(ctx, w.ID)
	if err != nil {
		return fmt.Errorf("wallet: forgotten PIN: %w", err)
	}
	right := i.ownINN(w, inn)
	if spent > 0 {
		right &= sameAmount(spent, amount)
	}
	t, err := i.answer(ctx, w, "forgot/"+attempt, right)
	if err != nil {
		return err
	}
	if spent == 0 {
		if err := i.store.RightAnswer(ctx, t); err != nil {
			return fmt.Errorf("wallet: forgotten PIN: %w", err)
		}
		return decline(ledger.ReasonAskSupport, "")
	}
	return i.resetPIN(ctx, w, since, message, ledger.Record{
		Actor: ledger.ActorSubscriber, Act: actResetPIN, Subject: ledger.WalletSubject(w.ID),
		Reason: reasonQuestion, At: message.CreatedAt,
	})
}

// A Clerk is somebody of the issuer who does something to a wallet, and why.
type Clerk struct {
	Name   string // anything but ledger.ActorSubscriber and ledger.ActorNetwork
	Reason string
	SawINN bool // on a document, and HasINN has found it right
}

// ResetPIN gives a subscriber whom the support has identified a new first PIN by SMS, which has to
// be changed before money moves, ends a lock of wrong PINs, and records who and why. It declines
// blocked and suspect.
func (i *Issuer) ResetPIN(ctx context.Context, n msisdn.Number, by Clerk) error {
	now := i.clock()
	w, r, err := i.byClerk(ctx, n, actResetPIN, by, now)
	if err != nil {
		return err
	}
	if err := mayMove(w); err != nil {
		return err
	}
	name, err := i.drawID()
	if err != nil {
		return err
	}
	message := messageOf(w, KindPINReset, "support/"+name, now)
	return i.resetPIN(ctx, w, time.Time{}, message, r)
}

// resetPIN draws a PIN and puts it in force, unless one was made since.
func (i *Issuer) resetPIN(
	ctx context.Context, w ledger.Wallet, since time.Time, message ledger.Message, r ledger.Record,
) error {
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
	err = i.store.ResetPIN(ctx, ledger.PINReset{
		Wallet: w.ID, PIN: v, Since: since, Message: message, Record: r,
	})
	if err != nil {
		return fmt.Errorf("wallet: reset PIN: %w", err)
	}
	i.config.Queued()
	i.log.Info("PIN reset", zap.Stringer("msisdn", w.Number), zap.String("actor", r.Actor))
	return nil
}

// answer counts the answer to a control question as a try of the PIN, and judges it: right is 1 or
// 0, and was found out before. A right answer stays counted until the caller has said what it is
// good for.
func (i *Issuer) answer(
	ctx context.Context, w ledger.Wallet, attempt string, right int,
) (ledger.Try, error) {
	t := ledger.Try{Wallet: w.ID, Attempt: attempt, Now: i.clock(), Max: i.config.MaxTries}
	if _, err := i.store.CountTry(ctx, t); err != nil {
		return t, fmt.Errorf("wallet: count try: %w", err)
	}
	if right != 1 {
		return t, i.wrong(ctx, w, t)
	}
	return t, nil
}

// ownINN returns 1 when inn is the wallet's, else 0, in constant time.
func (i *Issuer) ownINN(w ledger.Wallet, inn pin.Secret) int {
	return subtle.ConstantTimeCompare(w.INNHash, i.keys.FingerprintOf(purposeINN, inn))
}

// HasINN reports whether inn is the INN of a wallet: for the support, who have a document before
// them. It counts no try.
func (i *Issuer) HasINN(w ledger.Wallet, inn pin.Secret) bool { return i.ownINN(w, inn) == 1 }

func sameAmount(a, b money.Amount) int {
	var x, y [8]byte
	binary.BigEndian.PutUint64(x[:], uint64(a))
	binary.BigEndian.PutUint64(y[:], uint64(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

// SetLevel changes the identification level of a number's wallet, which selects its limits, and
// records who and why. The catalogue has to have limits of that level.
func (i *Issuer) SetLevel(ctx context.Context, n msisdn.Number, level string, by Clerk) error {
	w, r, err := i.byClerk(ctx, n, actLevel, by, i.clock())
	if err != nil {
		return err
	}
	w.Level = level
	if _, err := i.level(w); err != nil {
		return err
	}
	if err := i.store.SetLevel(ctx, w.ID, level, r); err != nil {
		return fmt.Errorf("wallet: level: %w", err)
	}
	return nil
}

// Recycled marks a wallet whose number the network has given to somebody else: no money moves until
// the INN is confirmed. It records who and why, and sends no SMS: a stranger would get it. It
// declines suspect when the wallet is so already.
func (i *Issuer) Recycled(ctx context.Context, n msisdn.Number, by Clerk) error {
	w, r, err := i.byClerk(ctx, n, actSuspect, by, i.clock())
	if err != nil {
		return err
	}
	r.Detail = string(ledger.SuspectRecycled)
	marked, err := i.store.Suspect(ctx, ledger.Alarm{
		Wallet: w.ID, Why: ledger.SuspectRecycled, Record: r,
	})
	if err != nil {
		return fmt.Errorf("wallet: recycled: %w", err)
	}
	if !marked {
		return decline(ledger.ReasonSuspect, "")
	}
	return nil
}

// Confirm ends a suspicion for a subscriber whom the support has identified, and records who and
// why. It declines not_suspect.
func (i *Issuer) Confirm(ctx context.Context, n msisdn.Number, by Clerk) error {
	w, r, err := i.byClerk(ctx, n, actConfirm, by, i.clock())
	if err != nil {
		return err
	}
	if err := i.store.Confirm(ctx, w.ID, nil, r); err != nil {
		return fmt.Errorf("wallet: confirm: %w", err)
	}
	return nil
}

// byClerk returns the wallet of a number and what the audit says of an act of a clerk on it.
func (i *Issuer) byClerk(
	ctx context.Context, n msisdn.Number, act string, by Clerk, now time.Time,
) (ledger.Wallet, ledger.Record, error) {
	if by.Name == ledger.ActorSubscriber || by.Name == ledger.ActorNetwork {
		return ledger.Wallet{}, ledger.Record{},
			fmt.Errorf("wallet: %s: the support has a name of its own, not %q", act, by.Name)
	}
	w, err := i.Wallet(ctx, n)
	r := ledger.Record{
		Actor: by.Name, Act: act, Subject: ledger.WalletSubject(w.ID), Reason: by.Reason, At: now,
	}
	if by.SawINN {
		r.Detail = "INN checked"
	}
	return w, r, err
}

// BalanceNeedsPIN reports whether the issuer shows a balance only to who types the PIN.
func (i *Issuer) BalanceNeedsPIN() bool { return i.config.BalancePIN }

// BalanceWithPIN returns what a wallet has to spend when s is its PIN. attempt names the input that
// carried s; the same input again is the same try. It declines wrong_pin, with the tries that are
// left, locked, blocked and suspect.
func (i *Issuer) BalanceWithPIN(
	ctx context.Context, n msisdn.Number, s pin.Secret, attempt string,
) (money.Amount, error) {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return 0, err
	}
	if err := mayMove(w); err != nil {
		return 0, err
	}
	if _, err := i.try(ctx, w, s, "balance/"+attempt, true); err != nil {
		return 0, err
	}
	return w.Available(), nil
}
