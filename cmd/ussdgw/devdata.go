package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"ussdgw/wallet"
	"ussdgw/wallet/catalogue"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// The files of a development folder. Both that hold secrets are readable by their owner alone.
const (
	devLedgerFile = "ledger.db"
	devKeysFile   = "pin.keys"
	devSeedsFile  = "subscribers.json"
)

// devFunds is what a seeded subscriber starts with.
var devFunds = money.Som(5000)

// devNumberDigits is the length of the numbers that are made up: country code and nine digits.
const devNumberDigits = 12

// A devSubscriber is a subscriber that dev registers for whoever tries it.
type devSubscriber struct {
	MSISDN string `json:"msisdn"`
	Lang   string `json:"lang"`
	Name   string `json:"name"`
	INN    string `json:"inn"`
	PIN    string `json:"pin"`
}

// devPeople are those whom dev registers, as far as the menus have their language.
var devPeople = []devSubscriber{
	{Lang: "ky", Name: "Асан Асанов", INN: "20101199000001"},
	{Lang: "ru", Name: "Анна Петрова", INN: "11507198500002"},
	{Lang: "en", Name: "Ada Toktogul", INN: "12811199200003"},
}

// devData is the folder that dev works in.
type devData struct {
	dir  string
	kept bool // the folder is the user's and stays
}

// openDevData uses dir, or a temporary folder when dir is empty.
func openDevData(dir string) (*devData, error) {
	if dir == "" {
		temporary, err := os.MkdirTemp("", "ussdgw-dev-")
		if err != nil {
			return nil, fmt.Errorf("dev: %w", err)
		}
		return &devData{dir: temporary}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("dev: --data: %w", err)
	}
	return &devData{dir: dir, kept: true}, nil
}

// close removes a temporary folder.
func (d *devData) close() error {
	if d.kept {
		return nil
	}
	return os.RemoveAll(d.dir)
}

func (d *devData) path(name string) string { return filepath.Join(d.dir, name) }

// keys reads the PIN keys, or makes them at the first run.
func (d *devData) keys() (*pin.Keys, error) {
	path := d.path(devKeysFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, 32)
		if _, err := rand.Read(key); err != nil {
			return nil, fmt.Errorf("dev: %w", err)
		}
		line := "1:" + base64.StdEncoding.EncodeToString(key) + "\n"
		if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
			return nil, fmt.Errorf("dev: %w", err)
		}
	}
	return pin.LoadKeys(path)
}

// subscribers reads who was registered in a kept folder, or makes them up: one for each language
// of the menus, with a number of a served network and a PIN of pinLength digits.
func (d *devData) subscribers(
	langs []string, c *catalogue.Catalogue, pinLength int,
) ([]devSubscriber, error) {
	path := d.path(devSeedsFile)
	text, err := os.ReadFile(path)
	if err == nil {
		var kept []devSubscriber
		if err := json.Unmarshal(text, &kept); err != nil {
			return nil, fmt.Errorf("dev: %s: %w", path, err)
		}
		return kept, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("dev: %w", err)
	}
	var made []devSubscriber
	for i, p := range devPeople {
		if !slices.Contains(langs, p.Lang) {
			continue
		}
		number, err := servedNumber(c, i)
		if err != nil {
			return nil, err
		}
		secret, err := pin.Random(pinLength, rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("dev: %w", err)
		}
		p.MSISDN, p.PIN = number.Digits(), string(secret.Reveal())
		secret.Wipe()
		made = append(made, p)
	}
	if text, err = json.MarshalIndent(made, "", "  "); err != nil {
		return nil, fmt.Errorf("dev: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return nil, fmt.Errorf("dev: %w", err)
	}
	return made, nil
}

// servedNumber makes up the n-th number: the networks that are served take turns.
func servedNumber(c *catalogue.Catalogue, n int) (msisdn.Number, error) {
	var prefixes []string
	for _, network := range c.Networks {
		if network.Served && len(network.Prefixes) > 0 {
			prefixes = append(prefixes, network.Prefixes[0])
		}
	}
	if len(prefixes) == 0 {
		return msisdn.Number{}, errors.New("dev: the menus serve no network")
	}
	prefix := prefixes[n%len(prefixes)]
	digits := prefix + fmt.Sprintf("%0*d", devNumberDigits-len(prefix), 1000+n)
	number, err := msisdn.Parse(digits)
	if err != nil {
		return msisdn.Number{}, fmt.Errorf("dev: made-up number %s: %w", digits, err)
	}
	return number, nil
}

// seed registers and funds the subscribers. Those who are there already stay as they are.
func seed(ctx context.Context, issuer *wallet.Issuer, people []devSubscriber) error {
	for _, p := range people {
		number, err := msisdn.Parse(p.MSISDN)
		if err != nil {
			return fmt.Errorf("dev: %s: %w", devSeedsFile, err)
		}
		secret := pin.NewSecret([]byte(p.PIN))
		err = issuer.Seed(ctx, wallet.Application{
			Number: number, Name: p.Name, INN: p.INN, Lang: p.Lang,
		}, secret)
		secret.Wipe()
		if err != nil {
			return fmt.Errorf("dev: register: %w", err)
		}
		if err := issuer.Fund(ctx, "dev:"+p.MSISDN, number, devFunds); err != nil {
			return fmt.Errorf("dev: fund: %w", err)
		}
	}
	return nil
}

// freshNumber finds a served number that has no wallet yet.
func freshNumber(
	ctx context.Context, issuer *wallet.Issuer, c *catalogue.Catalogue,
) (msisdn.Number, error) {
	const tries = 1000 // more than anyone registers by hand
	for n := range tries {
		number, err := servedNumber(c, 100+n)
		if err != nil {
			return msisdn.Number{}, err
		}
		switch _, err := issuer.Wallet(ctx, number); {
		case errors.Is(err, ledger.ErrNoWallet):
			return number, nil
		case err != nil:
			return msisdn.Number{}, err
		}
	}
	return msisdn.Number{}, errors.New("dev: no fresh number is left; use another --data")
}
