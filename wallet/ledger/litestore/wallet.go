package litestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/ledger/sqlbooks"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

const selectWallet = `
SELECT w.id, w.msisdn, w.name, w.lang, w.level, w.inn_hash, w.inn_sealed, w.birth_date,
       w.registered_at, a.balance, a.held, p.first = 1 AND p.used = 0, p.locked_until,
       w.imsi_hash, w.suspect, w.offer_hash, p.first = 1 AND p.reset_at > 0
FROM wallet w
JOIN account a ON a.id = 'wallet:' || w.id
JOIN wallet_pin p ON p.wallet = w.id
WHERE `

const (
	selectByNumber = selectWallet + `w.msisdn = $1`
	selectByID     = selectWallet + `w.id = $1`
)

// Wallet returns the wallet of a number.
func (s *Store) Wallet(ctx context.Context, number msisdn.Number) (ledger.Wallet, error) {
	return s.wallet(ctx, selectByNumber, number.Digits())
}

// WalletByID returns the wallet with an id.
func (s *Store) WalletByID(ctx context.Context, id string) (ledger.Wallet, error) {
	return s.wallet(ctx, selectByID, id)
}

func (s *Store) wallet(ctx context.Context, query, key string) (ledger.Wallet, error) {
	var w ledger.Wallet
	var digits string
	var registered, locked int64
	err := s.one(ctx, "wallet", ledger.ErrNoWallet, query, []any{key},
		&w.ID, &digits, &w.Name, &w.Lang, &w.Level, &w.INNHash, &w.INNSealed, &w.BirthDate,
		&registered, &w.Balance, &w.Held, &w.FirstPIN, &locked,
		&w.IMSIHash, &w.Suspect, &w.OfferHash, &w.PINReset)
	if err != nil {
		return ledger.Wallet{}, err
	}
	if w.Number, err = msisdn.Parse(digits); err != nil {
		return ledger.Wallet{}, fmt.Errorf("litestore: wallet: %w", err)
	}
	w.RegisteredAt, w.LockedUntil = ledger.FromMicros(registered), ledger.FromMicros(locked)
	return w, nil
}

const insertWallet = `
INSERT INTO wallet (id, msisdn, name, lang, level, inn_hash, inn_sealed, birth_date, offer_hash,
                    registered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING`

const countNumber = `SELECT count(*) FROM wallet WHERE msisdn = $1`

const insertPIN = `
INSERT INTO wallet_pin (wallet, key_version, salt, mac, first, used, set_at)
VALUES ($1, $2, $3, $4, $5, 0, $6)`

const insertAccount = `INSERT INTO account (id, balance) VALUES ($1, 0)`

const insertFirstPIN = `INSERT INTO first_pin (wallet, made_at) VALUES ($1, $2)`

// Register writes a wallet with its account, PIN and message.
func (s *Store) Register(ctx context.Context, w ledger.NewWallet) error {
	if w.Number.IsZero() || w.ID == "" || w.Now.IsZero() {
		return errors.New("litestore: register: id, number and time are required")
	}
	return s.change(ctx, "register", func(t tx) error {
		now := ledger.Micros(w.Now)
		written, err := t.exec(insertWallet, w.ID, w.Number.Digits(), w.Name, w.Lang, w.Level,
			blob(w.INNHash), blob(w.INNSealed), w.BirthDate, w.OfferHash, now)
		if err != nil {
			return err
		}
		if written == 0 {
			return t.whyNotRegistered(w.Number)
		}
		if _, err := t.exec(insertAccount, ledger.WalletAccount(w.ID)); err != nil {
			return err
		}
		_, err = t.exec(insertPIN, w.ID, w.PIN.KeyVersion, octets(w.PIN.Salt), octets(w.PIN.MAC),
			w.FirstPIN, now)
		if err != nil {
			return err
		}
		if w.FirstPIN {
			if _, err := t.exec(insertFirstPIN, w.ID, now); err != nil {
				return err
			}
		}
		if w.Message.Kind == "" {
			return nil
		}
		return sqlbooks.EnqueueNew(t, w.Message, now)
	})
}

// whyNotRegistered tells the unique columns apart.
func (t tx) whyNotRegistered(number msisdn.Number) error {
	var registered int
	if err := t.row(countNumber, []any{number.Digits()}, &registered); err != nil {
		return err
	}
	if registered > 0 {
		return &ledger.Decline{Reason: ledger.ReasonRegistered}
	}
	return &ledger.Decline{Reason: ledger.ReasonINNTaken}
}

const updateLanguage = `UPDATE wallet SET lang = $2 WHERE id = $1`

// SetLanguage changes the language of a wallet.
func (s *Store) SetLanguage(ctx context.Context, wallet, lang string) error {
	return s.change(ctx, "set language", func(t tx) error {
		return mustChange(t.exec(updateLanguage, wallet, lang))
	})
}

const selectBalance = `SELECT balance - held FROM account WHERE id = $1`

// Balance returns what a wallet holds.
func (s *Store) Balance(ctx context.Context, wallet string) (money.Amount, error) {
	var balance money.Amount
	err := s.one(ctx, "balance", ledger.ErrNoWallet, selectBalance,
		[]any{ledger.WalletAccount(wallet)}, &balance)
	return balance, err
}

// mustChange turns a change of no row into ErrNoWallet.
func mustChange(rows int64, err error) error {
	if err == nil && rows == 0 {
		return ledger.ErrNoWallet
	}
	return err
}

// blob stores nothing as NULL.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// octets stores nothing as an empty blob: the driver would make a nil slice NULL.
func octets(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// missing reports whether a query found no row.
func missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }
