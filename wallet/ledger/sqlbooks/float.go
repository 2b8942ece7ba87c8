package sqlbooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

const insertAgent = `
INSERT INTO account (id, balance, credit) VALUES ($1, 0, $2) ON CONFLICT (id) DO NOTHING`

const updateCredit = `UPDATE account SET credit = $2 WHERE id = $1`

// SetCredit opens an agent, or changes its credit line.
func (b *Books) SetCredit(
	ctx context.Context, agent string, credit money.Amount, r ledger.Record,
) error {
	r.Subject = ledger.AgentSubject(agent)
	err := errors.Join(ledger.ValidateAgent(agent), r.Validate())
	if credit < 0 || credit > ledger.MaxAmount {
		err = errors.Join(err, fmt.Errorf("ledger: credit line %s is out of range", credit))
	}
	if err != nil {
		return fmt.Errorf("sqlbooks: %w", err)
	}
	account := ledger.AgentAccount(agent)
	return b.db.Change(ctx, "set credit", func(t Tx) error {
		r := r
		opened, err := t.Exec(insertAgent, account, credit)
		if err != nil {
			return err
		}
		if opened == 1 {
			r.Detail = fmt.Sprintf("opened, credit line %s", credit)
			return record(t, r)
		}
		s, err := b.account(t, ledger.ErrNoAgent, account)
		if err != nil || s.credit == credit {
			return err
		}
		if s.balance < -credit {
			return &ledger.Decline{Reason: ledger.ReasonFloat, Key: agent, Limit: -s.balance}
		}
		if _, err := t.Exec(updateCredit, account, credit); err != nil {
			return err
		}
		r.Detail = fmt.Sprintf("credit line from %s to %s", s.credit, credit)
		return record(t, r)
	})
}

const selectAgents = `
SELECT id, balance, credit FROM account WHERE id LIKE 'agent:%' ORDER BY id`

// Agents returns all agents.
func (b *Books) Agents(ctx context.Context) ([]ledger.Agent, error) {
	var all []ledger.Agent
	err := b.db.View(ctx, "agents", func(t Tx) error {
		return t.Rows(selectAgents, nil, func(scan Scan) error {
			var a ledger.Agent
			err := scan(&a.ID, &a.Float, &a.Credit)
			a.ID = strings.TrimPrefix(a.ID, ledger.AgentAccount(""))
			all = append(all, a)
			return err
		})
	})
	return all, err
}

const selectTransferSum = `SELECT fingerprint FROM transfer WHERE id = $1`

// FundAgent moves money between the trust account and an agent's float.
func (b *Books) FundAgent(
	ctx context.Context, key, agent string, amount money.Amount, day string, r ledger.Record,
) error {
	r.Subject = ledger.AgentSubject(agent)
	if err := ledger.ValidateFloat(key, amount, day, r); err != nil {
		return fmt.Errorf("sqlbooks: %w", err)
	}
	account, id := ledger.AgentAccount(agent), ledger.FloatTransfer(key)
	sum := ledger.FloatSum(key, agent, int64(amount))
	return b.db.Change(ctx, "fund agent", func(t Tx) error {
		r := r
		s, err := b.account(t, ledger.ErrNoAgent, account)
		if err != nil {
			return err
		}
		var stored []byte
		err = t.Row(selectTransferSum, []any{id}, &stored)
		switch {
		case err == nil && bytes.Equal(stored, sum):
			return nil
		case err == nil:
			return &ledger.Decline{Reason: ledger.ReasonKeyReused, Key: key}
		case !errors.Is(err, ErrNoRow):
			return err
		}
		if left := s.balance + s.credit; left < -amount {
			return &ledger.Decline{Reason: ledger.ReasonFloat, Key: key, Limit: max(left, 0)}
		}
		balance, err := b.moveAccount(t, account, amount, 0)
		if err != nil {
			return err
		}
		p := posting{ledger.TrustAccount, account, amount}
		if amount < 0 {
			p = posting{account, ledger.TrustAccount, -amount}
		}
		err = write(t, transferRow{
			id: id, kind: "float", amount: p.amount, fingerprint: sum, balance: balance,
			at: ledger.Micros(r.At), day: day, month: day[:len("2006-01")],
		}, p)
		if err != nil {
			return err
		}
		r.Detail = fmt.Sprintf("%s: float from %s to %s", key, s.balance, balance)
		return record(t, r)
	})
}
