package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	"ussdgw/wallet"
	"ussdgw/wallet/cashdesk"
	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
)

// devNetwork is the terminal network of dev, and devFloat what it has paid in.
const devNetwork = "terminal"

var devFloat = money.Som(1_000_000)

// openAgents opens a terminal network with a float, on a port of loopback.
func (d *devGateway) openAgents(ctx context.Context, store ledger.Agents) error {
	zone, err := time.LoadLocation(wallet.ZoneName)
	if err != nil {
		return err
	}
	now := time.Now()
	r := ledger.Record{
		Actor: "dev", Act: actAgentCredit, Subject: ledger.AgentSubject(devNetwork),
		Reason: "development", At: now,
	}
	if err := store.SetCredit(ctx, devNetwork, 0, r); err != nil {
		return fmt.Errorf("dev: agent: %w", err)
	}
	day := now.In(zone).Format(time.DateOnly)
	r.Act = actAgentFund
	if err := store.FundAgent(ctx, "dev", devNetwork, devFloat, day, r); err != nil {
		return fmt.Errorf("dev: agent: %w", err)
	}
	password := make([]byte, 4)
	if _, err := rand.Read(password); err != nil {
		return fmt.Errorf("dev: %w", err)
	}
	d.agentPassword = hex.EncodeToString(password)
	return d.assembly.serveAgents(cashdesk.Config{
		Addr: "127.0.0.1:0",
		Networks: []cashdesk.Network{{
			ID: devNetwork, Name: "Terminal", User: devNetwork, Password: d.agentPassword,
			Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		}},
	})
}

// terminal is a line that asks, as a terminal does, for a wallet.
func (d *devGateway) terminal() string {
	account := d.fresh
	if len(d.people) > 0 {
		account = d.people[0].MSISDN
	}
	return fmt.Sprintf("curl -u %s:%s 'http://%s%s?command=check&txn_id=1&account=%s&sum=100.00'",
		devNetwork, d.agentPassword, d.assembly.agents.Addr(), cashdesk.Path, account)
}
