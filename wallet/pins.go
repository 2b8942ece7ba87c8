package wallet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// What is staged while a PIN is being changed. Each is bound to its step, so that one can never
// pass for another: first the old PIN, which was right, then the new one, which is to come again.
const (
	stepOld = "change/old/"
	stepNew = "change/new/"
)

// CheckPIN reports with nil that s is the wallet's PIN, and opens a change of PIN: StagePIN comes
// next. attempt names the input that carried s; the same input again is the same try. It declines
// wrong_pin, with the tries that are left, locked, with the end of the lock, blocked, and suspect.
func (i *Issuer) CheckPIN(
	ctx context.Context, n msisdn.Number, s pin.Secret, attempt string,
) error {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return err
	}
	if w.Suspect != "" {
		return decline(ledger.ReasonSuspect, "")
	}
	if _, err := i.try(ctx, w, s, "check/"+attempt, false); err != nil {
		return err
	}
	return i.stage(ctx, stepOld, w, s)
}

// StagePIN takes the new PIN for the first time. It declines blocked, suspect, not_staged unless
// CheckPIN found the old one right within Config.StageTTL, weak_pin, and same_pin.
func (i *Issuer) StagePIN(ctx context.Context, n msisdn.Number, s pin.Secret) error {
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return err
	}
	if err := mayMove(w); err != nil {
		return err
	}
	if _, err := i.store.StagedPIN(ctx, w.ID, i.clock()); err != nil {
		return fmt.Errorf("wallet: stage PIN: %w", err)
	}
	if s.Len() != i.config.PINLength || pin.Weak(s, hintsOf(w)) {
		return decline(ledger.ReasonWeakPIN, "")
	}
	now, err := i.store.PIN(ctx, w.ID)
	if err != nil {
		return fmt.Errorf("wallet: stage PIN: %w", err)
	}
	same, err := i.keys.Matches(now, w.ID, s)
	if err != nil {
		return fmt.Errorf("wallet: stage PIN: %w", err)
	}
	if same {
		return decline(ledger.ReasonSamePIN, "")
	}
	return i.stage(ctx, stepNew, w, s)
}

// ChangePIN takes the new PIN for the second time, puts it in force and queues an SMS. attempt
// names the input that carried it: the same input again, at once or later, is done already. It
// declines blocked, suspect, not_staged, and mismatch, after which it may be typed again.
func (i *Issuer) ChangePIN(
	ctx context.Context, n msisdn.Number, again pin.Secret, attempt string,
) error {
	if attempt == "" {
		return errNoAttempt
	}
	w, err := i.Wallet(ctx, n)
	if err != nil {
		return err
	}
	message := messageOf(w, KindPINChanged, attempt, i.clock())
	return i.once(ctx, message, i.change(ctx, w, again, message))
}

func (i *Issuer) change(
	ctx context.Context, w ledger.Wallet, again pin.Secret, message ledger.Message,
) error {
	if err := mayMove(w); err != nil {
		return err
	}
	staged, err := i.store.StagedPIN(ctx, w.ID, message.CreatedAt)
	if err != nil {
		return fmt.Errorf("wallet: change PIN: %w", err)
	}
	same, err := i.keys.Matches(staged, stepNew+w.ID, again)
	if err != nil {
		return fmt.Errorf("wallet: change PIN: %w", err)
	}
	if !same {
		return decline(ledger.ReasonMismatch, "")
	}
	v, err := i.verifier(w.ID, again)
	if err != nil {
		return err
	}
	err = i.store.ReplacePIN(ctx, w.ID, v, false, message.CreatedAt, &message)
	if err != nil {
		return fmt.Errorf("wallet: change PIN: %w", err)
	}
	i.config.Queued()
	return nil
}

// errNoAttempt is a caller's mistake: all inputs without a name would be one.
var errNoAttempt = errors.New("wallet: the input has no attempt")

// once turns the decline of an operation into success when the operation was done before: its
// message is there, and the message's key names the attempt.
func (i *Issuer) once(ctx context.Context, message ledger.Message, err error) error {
	if ledger.ReasonOf(err) == "" {
		return err
	}
	done, failed := i.store.HasMessage(ctx, message.Key)
	if failed != nil {
		return fmt.Errorf("wallet: %w", failed) // whether it was done decides what to say
	}
	if done {
		return nil
	}
	return err
}

// stage keeps a verifier of s that serves one step of a change of PIN.
func (i *Issuer) stage(ctx context.Context, step string, w ledger.Wallet, s pin.Secret) error {
	v, err := i.verifier(step+w.ID, s)
	if err != nil {
		return err
	}
	if err := i.store.StagePIN(ctx, w.ID, v, i.clock().Add(i.config.StageTTL)); err != nil {
		return fmt.Errorf("wallet: stage PIN: %w", err)
	}
	return nil
}

// try counts a try, then compares, then records the verdict: in this order, so that no number of
// dialogues at once gets more comparisons than Config.MaxTries. With trust, an attempt that was
// right before is right without a comparison.
func (i *Issuer) try(
	ctx context.Context, w ledger.Wallet, s pin.Secret, attempt string, trust bool,
) (ledger.Tried, error) {
	t := ledger.Try{Wallet: w.ID, Attempt: attempt, Now: i.clock(), Max: i.config.MaxTries}
	tried, err := i.store.CountTry(ctx, t)
	if err != nil {
		return tried, fmt.Errorf("wallet: count try: %w", err)
	}
	if tried.Right && trust {
		return tried, nil
	}
	right, err := i.keys.Matches(tried.Verifier, w.ID, s)
	if err != nil {
		return tried, fmt.Errorf("wallet: %w", err)
	}
	if !right {
		return tried, i.wrong(ctx, w, t)
	}
	if err := i.store.RightTry(ctx, t); err != nil {
		return tried, fmt.Errorf("wallet: right try: %w", err)
	}
	if i.keys.Stale(tried.Verifier) {
		i.rekey(ctx, w, s, tried.Verifier)
	}
	return tried, nil
}

func (i *Issuer) wrong(ctx context.Context, w ledger.Wallet, t ledger.Try) error {
	left, until, err := i.store.WrongTry(ctx, t, i.config.LockFor)
	if err != nil {
		return fmt.Errorf("wallet: wrong try: %w", err)
	}
	if left > 0 {
		return &ledger.Decline{Reason: ledger.ReasonWrongPIN, Key: t.Attempt, Left: left}
	}
	i.log.Info("wallet locked", zap.Stringer("msisdn", w.Number), zap.Time("until", until))
	return ledger.LockDecline(t.Attempt, until)
}

// rekey makes the verifier of a right PIN anew under the current key. It is housekeeping: when it
// fails, the next right entry tries again. A PIN that was changed since it was compared stays.
func (i *Issuer) rekey(ctx context.Context, w ledger.Wallet, s pin.Secret, compared pin.Verifier) {
	v, err := i.verifier(w.ID, s)
	if err == nil {
		err = i.store.RekeyPIN(ctx, w.ID, compared, v)
	}
	if err != nil {
		i.log.Warn("PIN verifier keeps its old key", zap.Stringer("msisdn", w.Number),
			zap.Int("key_version", compared.KeyVersion), zap.Error(err))
	}
}

const (
	payloadHead = `{"pin":"`
	payloadTail = `"}`
)

// sealedPayload is the JSON object of a message's secret field. The caller seals and clears it.
func sealedPayload(s pin.Secret) []byte {
	payload := make([]byte, 0, len(payloadHead)+pin.MaxDigits+len(payloadTail))
	payload = append(payload, payloadHead...)
	payload = append(payload, s.Reveal()...)
	return append(payload, payloadTail...)
}

// openPayload returns the secret of a message, empty when it has none. It never repeats what it
// could not read.
func openPayload(keys *pin.Keys, m ledger.Message) (pin.Secret, error) {
	if len(m.Sealed) == 0 {
		return pin.Secret{}, nil
	}
	payload, err := keys.Open(m.Sealed, m.Key)
	if err != nil {
		return pin.Secret{}, fmt.Errorf("wallet: open message: %w", err)
	}
	defer clear(payload)
	var fields struct {
		PIN json.RawMessage `json:"pin"`
	}
	err = json.Unmarshal(payload, &fields)
	defer clear(fields.PIN)
	if err != nil || len(fields.PIN) < 2 || fields.PIN[0] != '"' {
		return pin.Secret{}, errors.New("wallet: open message: not the payload of a PIN")
	}
	return pin.NewSecret(fields.PIN[1 : len(fields.PIN)-1]), nil
}
