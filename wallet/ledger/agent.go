package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ussdgw/wallet/money"
)

// An Agent takes and gives cash: a terminal network, a bank's branches. Its float is the money that
// it has paid in and not handed on; it may go below zero as far as its credit line.
type Agent struct {
	ID     string
	Float  money.Amount
	Credit money.Amount
}

// A CashIn is a credit of a wallet that an agent asks for, by its own number of it.
type CashIn struct {
	Agent   string
	Txn     string // the agent's number of it
	Account string // the wallet's number, as the agent wrote it
	Wallet  string // "" = there is none: refused for ReasonNoWallet
	Amount  money.Amount
	TxnDate string       // the agent's, as it wrote it
	Refuse  Reason       // not "": refused for that, whatever the books say
	Limits  Limits       // of cash-ins, in force now
	Most    money.Amount // that the wallet may hold
	Day     string
	Month   string
	Now     time.Time
	// Message is the SMS to enqueue, none when its Kind is "". The store adds the field "balance".
	Message Message
}

// A PayOut asks to end a cash-out: the agent has the subscriber and the one-time code before it.
type PayOut struct {
	Agent   string
	Txn     string       // the agent's number of it
	Account string       // the wallet's number, as the agent wrote it
	Wallet  string       // "" = there is none
	Hold    string       // the cash-out of the wallet that is under way; "" = there is none
	Code    []byte       // keyed, of the one-time code that was typed
	Amount  money.Amount // 0 = whatever is held; otherwise it has to be that
	TxnDate string
	Refuse  Reason // not "": refused for that, and no try is counted
	Tries   int    // wrong codes after which the cash-out is voided, at least 1
	Day     string
	Month   string
	Now     time.Time
	// Message is the SMS to enqueue when it is paid out, and Voided when it was the last try; none
	// when their Kind is "". The store adds the field "balance".
	Message, Voided Message
}

// An AgentTxn is what an agent has asked for and the answer that it gets for ever.
type AgentTxn struct {
	Number      int64 // what we call it
	Agent       string
	Operation   Operation // OpCashIn or OpCashOut
	Txn         string
	Account     string
	Wallet      string
	Amount      money.Amount
	Verdict     string       // "done", or the Reason of a refusal
	Limit       money.Amount // of the refusal
	Transfer    string       // "" = refused
	Balance     money.Amount // of the wallet, afterwards
	TxnDate     string
	At          time.Time
	Day         string
	Fingerprint []byte
}

// Done is the Verdict of what was done.
const Done = "done"

// Agents is the part of a Store for those who take and give cash. The first final answer to a txn
// of an agent is stored with its effect, in one transaction, and is the answer for ever.
type Agents interface {
	// CashIn credits a wallet from the agent's float. A refusal is stored and returned as a verdict:
	// CashIn.Refuse, no_wallet, or what JudgeCashIn says.
	// It declines key_reused for the txn with other contents, and float, which is not stored: the
	// same txn may be tried again. It fails with ErrNoAgent.
	CashIn(ctx context.Context, c CashIn) (AgentTxn, error)
	// PayOut posts the cash-out of a wallet to the agent's float. A refusal is stored and returned
	// as a verdict: PayOut.Refuse, no_wallet, no_cash_out, expired (its time is over), code_wrong, and
	// mismatch (the code is right, another amount is held). Wrong codes alone are counted, once for
	// each txn; the last try voids the cash-out for code_wrong. It declines key_reused. It fails with
	// ErrNoAgent.
	PayOut(ctx context.Context, p PayOut) (AgentTxn, error)
	// AgentTxns returns at most limit of an agent's txns of a day with a number above after, by
	// number. The day is the issuer's, of when they were first asked for.
	AgentTxns(ctx context.Context, agent, day string, after int64, limit int) ([]AgentTxn, error)
	// AgentTxn returns one, and whether there is one.
	AgentTxn(ctx context.Context, agent string, op Operation, txn string) (AgentTxn, bool, error)

	// SetCredit opens an agent, or changes its credit line, and records it; a line that is there
	// already changes nothing. The store fills the record's subject, and its detail. It declines float
	// when the float is below the new line; Limit has the least line there can be.
	SetCredit(ctx context.Context, agent string, credit money.Amount, r Record) error
	// Agents returns all agents by id.
	Agents(ctx context.Context) ([]Agent, error)
	// FundAgent moves amount, which may be negative, from the trust account to an agent's float,
	// once for each key, and records it as SetCredit does. It declines float (Limit has what can be
	// taken), and key_reused. It fails with ErrNoAgent.
	FundAgent(ctx context.Context, key, agent string, amount money.Amount, day string, r Record) error
}

// CashInTransfer is the id of the transfer of a cash-in.
func CashInTransfer(agent, txn string) string { return "cashin:" + agent + ":" + txn }

// AgentSubject is the subject of what is done to an agent.
func AgentSubject(agent string) string { return agentPrefix + agent }

// FloatTransfer is the id of the transfer that funds an agent under key.
func FloatTransfer(key string) string { return "float:" + key }

// FloatSum is the fingerprint of a funding of an agent.
func FloatSum(key, agent string, tyiyn int64) []byte {
	return fingerprint("float/1", key, agent, fmt.Sprint(tyiyn))
}

// Sum is the fingerprint of what a cash-in binds.
func (c CashIn) Sum() []byte {
	return fingerprint("cash_in/1", c.Agent, c.Txn, c.Account, fmt.Sprint(int64(c.Amount)))
}

// Sum is the fingerprint of what a pay-out binds: the code too, as its keyed hash.
func (p PayOut) Sum() []byte {
	return fingerprint("cash_out/1", p.Agent, p.Txn, p.Account, fmt.Sprint(int64(p.Amount)),
		string(p.Code))
}

// JudgeCashIn decides whether a wallet that holds balance and has used of its limits may get the
// amount. It returns nil or the refusal: limits of cash-ins first, then limit_balance.
func JudgeCashIn(c CashIn, balance money.Amount, used Used) *Decline {
	for _, r := range []struct {
		reason Reason
		left   room
	}{
		{ReasonLimitPayment, roomOf(c.Limits.PerPayment, 0)},
		{ReasonLimitDay, roomOf(c.Limits.PerDay, used.Day)},
		{ReasonLimitMonth, roomOf(c.Limits.PerMonth, used.Month)},
		{ReasonLimitBalance, room(c.Most - balance)},
	} {
		if left := money.Amount(r.left); c.Amount > left {
			return &Decline{Reason: r.reason, Key: c.Txn, Limit: max(left, 0)}
		}
	}
	return nil
}

// Bounds of what an agent calls its own, and of its id, in octets.
const (
	maxTxn     = 64
	maxTxnDate = 64
	maxAccount = 200
	maxAgent   = 32
)

// ValidateAgent reports what is wrong with the id of an agent. It is a part of other ids.
func ValidateAgent(id string) error {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyz-"
	if id == "" || len(id) > maxAgent || strings.Trim(id, letters) != "" {
		return fmt.Errorf("ledger: an agent's id is 1 to %d small letters, digits and dashes", maxAgent)
	}
	return nil
}

// ValidateFloat reports the first fault of the arguments of Agents.FundAgent.
func ValidateFloat(key string, amount money.Amount, day string, r Record) error {
	switch {
	case key == "" || len(key) > maxTxn:
		return fmt.Errorf("ledger: fund agent: the key has to be 1 to %d octets", maxTxn)
	case amount == 0 || amount < -MaxAmount || amount > MaxAmount:
		return fmt.Errorf("ledger: fund agent: amount %s is out of range", amount)
	case len(day) != len(time.DateOnly):
		return fmt.Errorf("ledger: fund agent: day %q", day)
	}
	return r.Validate()
}

// Validate reports the first fault of a cash-in that is about to be made.
func (c CashIn) Validate() error {
	switch {
	case c.Agent == "" || c.Txn == "" || len(c.Txn) > maxTxn || c.Now.IsZero():
		return fmt.Errorf("ledger: cash-in: agent %q, txn %q", c.Agent, c.Txn)
	case len(c.Account) > maxAccount || len(c.TxnDate) > maxTxnDate:
		return fmt.Errorf("ledger: cash-in %s: account or date is too long", c.Txn)
	case c.Amount < 1 || c.Amount > MaxAmount || c.Most < 0 || c.Limits.negative():
		return fmt.Errorf("ledger: cash-in %s: amount %s", c.Txn, c.Amount)
	case len(c.Day) != len(time.DateOnly) || len(c.Month) != len("2006-01"):
		return fmt.Errorf("ledger: cash-in %s: day %q, month %q", c.Txn, c.Day, c.Month)
	}
	return validateEnd(c.Message, nil)
}

// Validate reports the first fault of a pay-out that is about to be made.
func (p PayOut) Validate() error {
	switch {
	case p.Agent == "" || p.Txn == "" || len(p.Txn) > maxTxn || p.Now.IsZero() || p.Tries < 1:
		return fmt.Errorf("ledger: pay-out: agent %q, txn %q", p.Agent, p.Txn)
	case len(p.Account) > maxAccount || len(p.TxnDate) > maxTxnDate:
		return fmt.Errorf("ledger: pay-out %s: account or date is too long", p.Txn)
	case p.Amount < 0 || len(p.Code) == 0:
		return fmt.Errorf("ledger: pay-out %s: amount and code are required", p.Txn)
	case len(p.Day) != len(time.DateOnly) || len(p.Month) != len("2006-01"):
		return fmt.Errorf("ledger: pay-out %s: day %q, month %q", p.Txn, p.Day, p.Month)
	}
	if err := validateEnd(p.Voided, nil); err != nil {
		return err
	}
	return validateEnd(p.Message, nil)
}
