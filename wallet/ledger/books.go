package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"ussdgw/wallet/money"
)

// The accounts. A wallet's has a running balance that is never negative, an agent's one that is
// bounded by its credit line; the others are the sums of their entries.
const (
	// TrustAccount mirrors the money at the issuer's bank: what all others hold together, negated.
	TrustAccount = "trust"
	// SuspenseAccount has the payments that nobody has answered for in time.
	SuspenseAccount = "suspense"
	// AdjustAccount is the other side of corrections.
	AdjustAccount = "adjust"

	walletPrefix   = "wallet:"
	agentPrefix    = "agent:"
	providerPrefix = "provider:"
	feePrefix      = "fee:"
	fundPrefix     = "fund:"
)

// WalletAccount is the account of a wallet.
func WalletAccount(wallet string) string { return walletPrefix + wallet }

// Running reports whether an account has a running balance.
func Running(account string) bool {
	return strings.HasPrefix(account, walletPrefix) || strings.HasPrefix(account, agentPrefix)
}

// ProviderAccount is what the issuer owes a provider.
func ProviderAccount(provider string) string { return providerPrefix + provider }

// AgentAccount is the float of an agent: what it has paid in and not handed on to wallets.
func AgentAccount(agent string) string { return agentPrefix + agent }

// FeeAccount is the income from the fees of a provider's payments.
func FeeAccount(provider string) string { return feePrefix + provider }

// OperationFeeAccount is the income from the fees of transfers or of cash-outs. No provider has an
// id that begins with an @.
func OperationFeeAccount(op Operation) string { return feePrefix + "@" + string(op) }

// Creditor is the account that the amount of an offer goes to, for a cash-out that of the agent.
func (o Offer) Creditor(agent string) string {
	switch o.Operation {
	case OpTransfer:
		return WalletAccount(o.Payee)
	case OpCashOut:
		return AgentAccount(agent)
	}
	return ProviderAccount(o.Provider)
}

// FeeAccount is the account that the fees of an offer go to.
func (o Offer) FeeAccount() string {
	if o.Operation == OpPayment {
		return FeeAccount(o.Provider)
	}
	return OperationFeeAccount(o.Operation)
}

// ProviderFeeOf is what the provider pays when amount of the offer is posted: its fee in
// proportion, half a tyiyn up, and less than the amount: the provider gets something of every
// payment.
func (o Offer) ProviderFeeOf(amount money.Amount) money.Amount {
	return min(Share(o.ProviderFee, amount, o.Amount), amount-1)
}

// Share is whole in the proportion of part to of, half a tyiyn up. None is negative, part is not
// above of, and of is not zero.
func Share(whole, part, of money.Amount) money.Amount {
	hi, lo := bits.Mul64(uint64(whole), uint64(part))
	lo, carry := bits.Add64(lo, uint64(of)/2, 0)
	share, _ := bits.Div64(hi+carry, lo, uint64(of))
	return money.Amount(share)
}

// SuspenseTransfer is the id of the transfer that takes the money of a hold to the suspense
// account.
func SuspenseTransfer(hold string) string { return "suspense:" + hold }

// RefundTransfer is the id of the transfer that brings back from there what is not posted.
func RefundTransfer(hold string) string { return "refund:" + hold }

// ReversalTransfer is the id of the reversal of a transfer under key.
func ReversalTransfer(of, key string) string { return "reversal:" + of + ":" + key }

// Sum is the fingerprint of what a reversal binds.
func (r Reversal) Sum() []byte {
	return fingerprint("reversal/1", r.Of, r.Key, r.Amount.String(), r.Fee.String())
}

// FundTransfer is the id of the transfer that funds a wallet under key. A payment's transfer has
// the id of its offer, which has no colon.
func FundTransfer(key string) string { return fundPrefix + key }

// Sum is the fingerprint of what an offer binds: id, wallet, operation, payee, provider, account,
// amount, fees and code. Two offers of one id but different sums are different requests.
func (o Offer) Sum() []byte {
	if o.Operation == OpPayment && o.ProviderFee == 0 {
		return fingerprint("offer/1", o.ID, o.Wallet, o.Provider, o.Account, o.Code,
			o.Amount.String(), o.Fee.String())
	}
	return fingerprint("offer/2", o.ID, o.Wallet, string(o.Operation), o.Payee, o.Provider,
		o.Account, o.Code, o.Amount.String(), o.Fee.String(), o.ProviderFee.String())
}

// FundSum is the fingerprint of a funding.
func FundSum(key, wallet string, tyiyn int64) []byte {
	return fingerprint("fund/1", key, wallet, fmt.Sprint(tyiyn))
}

func fingerprint(parts ...string) []byte {
	h := sha256.New()
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// Validate reports the first fault of an offer that is about to be opened.
func (o Offer) Validate() error {
	const maxID = 64
	switch {
	case o.ID == "" || len(o.ID) > maxID || strings.Trim(o.ID, idLetters) != "":
		return fmt.Errorf("ledger: offer: id has to be 1 to %d letters or digits", maxID)
	case o.Wallet == "":
		return fmt.Errorf("ledger: offer %s: a wallet is required", o.ID)
	case o.Operation != OpPayment && o.Operation != OpTransfer && o.Operation != OpCashOut:
		return fmt.Errorf("ledger: offer %s: no operation %q", o.ID, o.Operation)
	case (o.Operation == OpPayment) != (o.Provider != ""):
		return fmt.Errorf("ledger: offer %s: a payment has a provider, nothing else has", o.ID)
	case (o.Operation == OpTransfer) != (o.Payee != "") || o.Payee == o.Wallet:
		return fmt.Errorf("ledger: offer %s: a transfer has another wallet as payee", o.ID)
	case o.Operation != OpCashOut && o.Account == "":
		return fmt.Errorf("ledger: offer %s: an account is required", o.ID)
	case o.ProviderFee < 0 || o.ProviderFee >= o.Amount ||
		(o.ProviderFee > 0 && o.Operation != OpPayment):
		return fmt.Errorf("ledger: offer %s: provider fee %s is out of range", o.ID, o.ProviderFee)
	case o.Amount < 1 || o.Amount > MaxAmount:
		return fmt.Errorf("ledger: offer %s: amount %s is out of range", o.ID, o.Amount)
	case o.Fee < 0 || o.Fee > MaxAmount:
		return fmt.Errorf("ledger: offer %s: fee %s is out of range", o.ID, o.Fee)
	case o.CreatedAt.IsZero() || !o.ExpiresAt.After(o.CreatedAt):
		return fmt.Errorf("ledger: offer %s: it has to expire after it was made", o.ID)
	}
	return nil
}

const idLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"

// Validate reports the first fault of what a caller made up itself. What the subscriber can cause
// is not a fault but a Decline.
func (p Payment) Validate() error {
	switch {
	case p.Now.IsZero():
		return fmt.Errorf("ledger: payment %s: no time", p.Offer.ID)
	case len(p.Day) != len(time.DateOnly) || len(p.Month) != len("2006-01"):
		return fmt.Errorf("ledger: payment %s: day %q, month %q", p.Offer.ID, p.Day, p.Month)
	case p.Limits.negative() || p.Out.negative() || p.PayeeMost < 0:
		return fmt.Errorf("ledger: payment %s: negative limit", p.Offer.ID)
	case p.Offer.Operation == OpTransfer && (p.Terms.Txn != "" || p.PayeeMost == 0):
		return fmt.Errorf("ledger: payment %s: a transfer has no terms, and a bound", p.Offer.ID)
	case (p.Offer.Operation == OpCashOut) != (len(p.Terms.Code) > 0):
		return fmt.Errorf("ledger: payment %s: a cash-out has a code, nothing else has", p.Offer.ID)
	case len(p.Terms.Code) > 0 && p.Terms.Txn == "":
		return fmt.Errorf("ledger: payment %s: a cash-out is a hold", p.Offer.ID)
	case p.Terms.Txn != "" && (p.Terms.NextAt.IsZero() || !p.Terms.Deadline.After(p.Now)):
		return fmt.Errorf("ledger: payment %s: a hold needs its times", p.Offer.ID)
	}
	for _, m := range []Message{p.Message, p.HeldMessage, p.PayeeMessage, p.Refusal} {
		if m.Kind == "" {
			continue
		}
		if err := m.Validate(); err != nil {
			return err
		}
	}
	return nil
}

func (l Limits) negative() bool { return l.PerPayment < 0 || l.PerDay < 0 || l.PerMonth < 0 }

// Validate reports the first fault of a message that is about to be enqueued.
func (m Message) Validate() error {
	switch {
	case m.Kind == "" || m.Key == "":
		return fmt.Errorf("ledger: message: kind %q, key %q", m.Kind, m.Key)
	case m.To.IsZero():
		return fmt.Errorf("ledger: message %s: no number", m.Key)
	}
	return nil
}

// ValidateFunding reports the first fault of the arguments of Store.Fund.
func ValidateFunding(key string, amount, most money.Amount, now time.Time) error {
	switch {
	case key == "" || now.IsZero():
		return fmt.Errorf("ledger: fund: key %q, time %s", key, now)
	case amount < 1 || amount > MaxAmount:
		return fmt.Errorf("ledger: fund: amount %s is out of range", amount)
	case most < 1 || most > MaxBalance:
		return fmt.Errorf("ledger: fund: limit %s is out of range", most)
	}
	return nil
}

// BalanceField is the field that Apply adds to a payment's message: the balance after it.
const BalanceField = "balance"

// EncodeFields is the stored form of a message's fields: a JSON object with sorted names.
func EncodeFields(fields map[string]string) string {
	if len(fields) == 0 {
		return "{}"
	}
	b, err := json.Marshal(fields)
	if err != nil { // a map of strings always has a JSON form
		panic(fmt.Sprintf("ledger: fields: %v", err))
	}
	return string(b)
}

// DecodeFields reads what EncodeFields wrote.
func DecodeFields(s string) (map[string]string, error) {
	var fields map[string]string
	if err := json.Unmarshal([]byte(s), &fields); err != nil {
		return nil, fmt.Errorf("ledger: stored fields: %w", err)
	}
	return fields, nil
}

// Micros is the stored form of a time: microseconds since 1970, 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros reads what Micros wrote, in UTC.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// CutError bounds an error text for storage.
func CutError(text string) string {
	if len(text) > MaxErrorText {
		text = text[:MaxErrorText]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
}

// SortMessages puts messages in the order in which they were enqueued.
func SortMessages(all []Message) {
	slices.SortFunc(all, func(a, b Message) int { return cmp.Compare(a.ID, b.ID) })
}
