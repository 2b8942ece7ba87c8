package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// agentsConfig is the minimal configuration with an agents section.
func agentsConfig(t *testing.T, section string) string {
	t.Helper()
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("s3cr3t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return writeConfig(t, minimal(t)+strings.ReplaceAll(section, "PASSWORD", password))
}

const oneNetwork = `
agents:
  addr: 127.0.0.1:0
  networks:
    - {id: pay24, password_file: PASSWORD, allow: [192.0.2.0/24, "2001:db8::7"]}
`

func TestAgentsOfAConfiguration(t *testing.T) {
	cfg, report := loadConfig(agentsConfig(t, oneNetwork), filesRequired)
	if report.Failed() {
		t.Fatal(reportText(t, report))
	}
	desk, err := cfg.Agents.desk()
	if err != nil {
		t.Fatal(err)
	}
	n := desk.Networks[0]
	if n.ID != "pay24" || n.Name != "pay24" || n.User != "pay24" || n.Password != "s3cr3t" ||
		len(n.Allow) != 2 || n.Allow[1].Bits() != 128 || n.TxnDigits != 20 ||
		desk.MaxRequests != 64 || desk.TLS != nil {
		t.Errorf("desk %+v", desk)
	}
	t.Setenv("USSDGW_AGENTS_NETWORKS_0_PASSWORD", "other")
	if cfg, _ := loadConfig(agentsConfig(t, oneNetwork), filesRequired); cfg.Agents.Networks[0].
		Password != "other" {
		t.Error("the environment does not win")
	}
}

func TestFaultsOfAgents(t *testing.T) {
	replace := func(old, now string) string { return strings.Replace(oneNetwork, old, now, 1) }
	second := "    - {id: pay24, password_file: PASSWORD, allow: [192.0.2.1]}\n"
	for name, tt := range map[string]struct{ section, want string }{
		"open line":   {replace("127.0.0.1:0", "0.0.0.0:8443"), "agents.cert_file is missing"},
		"every place": {replace("127.0.0.1:0", `":8443"`), "agents.cert_file is missing"},
		"no port":     {replace("127.0.0.1:0", "127.0.0.1"), "agents.addr"},
		"key alone": {
			replace("addr:", "key_file: PASSWORD\n  addr:"), "agents.cert_file goes with key_file",
		},
		"authority alone": {
			replace("addr:", "client_ca_file: PASSWORD\n  addr:"), "agents.client_ca_file goes with",
		},
		"no network":  {"agents: {addr: '127.0.0.1:0'}\n", "agents.networks are none"},
		"no requests": {replace("addr:", "max_requests: -1\n  addr:"), "agents.max_requests"},
		"id":          {replace("pay24", "Pay:24"), "agents.networks.0.id"},
		"no id":       {replace("id: pay24, ", ""), "agents.networks.0.id"},
		"twice":       {oneNetwork + second, `agents.networks.1.id "pay24" is there twice`},
		"no password": {replace("password_file: PASSWORD, ", ""), "networks.0.password_file is missing"},
		"password": {
			replace("password_file: PASSWORD", "password: x"), "does not belong in this file",
		},
		"no address": {
			replace(`, allow: [192.0.2.0/24, "2001:db8::7"]`, ""), "networks.0.allow is missing",
		},
		"address": {replace("192.0.2.0/24", "192.0.2.0/33"), "networks.0.allow \"192.0.2.0/33\""},
		"digits":  {replace("allow:", "txn_digits: 29, allow:"), "networks.0.txn_digits"},
		"name": {
			replace("allow:", "name: Терминалы города, allow:"), "networks.0.name has more than 14",
		},
		"key": {replace("allow:", "alow:"), `did you mean "allow"`},
	} {
		_, report := loadConfig(agentsConfig(t, tt.section), filesRequired)
		text := reportText(t, report)
		if !report.Failed() || !strings.Contains(text, tt.want) {
			t.Errorf("%s: want %q in:\n%s", name, tt.want, text)
		}
		if strings.Contains(text, "s3cr3t") {
			t.Errorf("%s: the password is in:\n%s", name, text)
		}
	}
}

func TestCertificatesOfAgents(t *testing.T) {
	cfg, report := loadConfig(agentsConfig(t, oneNetwork), filesRequired)
	if report.Failed() {
		t.Fatal(reportText(t, report))
	}
	a := cfg.Agents
	a.CertFile = writeNamed(t, "cert.pem", "no certificate")
	a.KeyFile = a.CertFile
	if _, err := a.desk(); err == nil || !strings.Contains(err.Error(), "agents.cert_file") {
		t.Errorf("got %v, want that the certificate is none", err)
	}
}
