package ledger

import (
	"context"
	"fmt"
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
	Code    []byte       // keyed, of the one-time code that was typed
	Amount  money.Amount // 0 = whatever is held; otherwise it has to be that
	TxnDate string
	Tries   int // wrong codes after which the cash-out is voided, at least 1
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
	// CashIn credits a wallet from the agent's float. A refusal is stored and returned as a verdict.
	// It declines key_reused for the txn with other contents, and float, which is not stored: the
	// same txn may be tried again. It fails with ErrNoAgent.
	CashIn(ctx context.Context, c CashIn) (AgentTxn, error)
	// PayOut posts the cash-out of a wallet to the agent's float. A wrong code is counted, once for
	// each txn, and is a verdict; so is no_cash_out. It declines key_reused. It fails with
	// ErrNoAgent.
	PayOut(ctx context.Context, p PayOut) (AgentTxn, error)
	// AgentTxns returns at most limit of an agent's txns of a day with a number above after, by
	// number. The day is the issuer's, of when they were first asked for.
	AgentTxns(ctx context.Context, agent, day string, after int64, limit int) ([]AgentTxn, error)
	// AgentTxn returns one, and whether there is one.
	AgentTxn(ctx context.Context, agent string, op Operation, txn string) (AgentTxn, bool, error)

	// SetCredit opens an agent, or changes its credit line. It declines float when the float is
	// below the new line.
	SetCredit(ctx context.Context, agent string, credit money.Amount, r Record) error
	// Agents returns all agents by id.
	Agents(ctx context.Context) ([]Agent, error)
	// FundAgent moves amount, which may be negative, from the trust account to an agent's float,
	// once for each key. It declines float and key_reused, and fails with ErrNoAgent.
	FundAgent(ctx context.Context, key, agent string, amount money.Amount, day string, r Record) error
}

// CashInTransfer is the id of the transfer of a cash-in.
func CashInTransfer(agent, txn string) string { return "cashin:" + agent + ":" + txn }

// FloatTransfer is the id of the transfer that funds an agent under key.
func FloatTransfer(key string) string { return "float:" + key }

// Sum is the fingerprint of what a cash-in binds.
func (c CashIn) Sum() []byte {
	return fingerprint("cash_in/1", c.Agent, c.Txn, c.Account, fmt.Sprint(int64(c.Amount)))
}

// Sum is the fingerprint of what a pay-out binds: the code too, as its keyed hash.
func (p PayOut) Sum() []byte {
	return fingerprint("cash_out/1", p.Agent, p.Txn, p.Account, fmt.Sprint(int64(p.Amount)),
		string(p.Code))
}

// maxTxn bounds what an agent calls its own, in octets.
const maxTxn = 64

// Validate reports the first fault of a cash-in that is about to be made.
func (c CashIn) Validate() error {
	switch {
	case c.Agent == "" || c.Txn == "" || len(c.Txn) > maxTxn || c.Now.IsZero():
		return fmt.Errorf("ledger: cash-in: agent %q, txn %q", c.Agent, c.Txn)
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
