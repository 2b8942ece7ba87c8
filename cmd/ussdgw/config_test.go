package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ussdgw/menus/source"
	"ussdgw/wallet"
)

const exampleConfig = "../../deploy/config.example.yaml"

// writeConfig writes text to a file and returns its path.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	return writeNamed(t, "config.yaml", text)
}

func writeNamed(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func reportText(t *testing.T, r *source.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestExampleConfigIsAcceptedAndShowsTheDefaults(t *testing.T) {
	cfg, report := loadConfig(exampleConfig, filesElsewhere)
	if report.Failed() {
		t.Fatalf("the example is refused:\n%s", reportText(t, report))
	}
	// Keys without a default; what remains must be exactly the defaults.
	want := Config{
		Ledger: LedgerConfig{URL: "postgres://ussdgw@127.0.0.1:5432/ussdgw"},
		PIN:    PINConfig{KeyFile: "/etc/ussdgw/pin.keys"},
		Wallet: WalletConfig{PublicOfferFile: "/etc/ussdgw/public_offer.txt"},
		Links: []LinkConfig{{
			Name: "megacom", Address: "smsc.example.net:2775", SystemID: "ussdgw",
			PasswordFile: "/etc/ussdgw/smsc.password",
		}},
		Billers: []BillerConfig{{
			Name: "utility_hub", URL: "https://pay.example.net/osmp",
		}},
		Agents: AgentsConfig{Networks: []NetworkConfig{{
			ID: "pay24", PasswordFile: "/etc/ussdgw/pay24.password", Allow: []string{"192.0.2.0/24"},
		}}},
	}.withDefaults()
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("the example shows other values than the defaults:\n got %+v\nwant %+v", cfg, want)
	}
}

func TestExampleConfigHasEveryKey(t *testing.T) {
	text, err := os.ReadFile(exampleConfig)
	if err != nil {
		t.Fatal(err)
	}
	var report source.Report
	root := source.ParseBytes(exampleConfig, text, &report).Root
	for _, key := range allKeys(reflect.TypeFor[Config](), "") {
		node := root
		for _, part := range strings.Split(key, ".") {
			if items := node.Items(); len(items) > 0 {
				node = items[0]
			}
			node = node.Field(part)
		}
		if node == nil {
			t.Errorf("%s is not in %s", key, exampleConfig)
		}
	}
}

// allKeys lists the keys of a section and of those in it.
func allKeys(of reflect.Type, prefix string) []string {
	var keys []string
	for i := range of.NumField() {
		name := of.Field(i).Tag.Get("mapstructure")
		in := of.Field(i).Type
		if in.Kind() == reflect.Slice && in.Elem().Kind() == reflect.Struct {
			in = in.Elem()
		}
		switch {
		case name == "":
		case in.Kind() == reflect.Struct:
			keys = append(keys, allKeys(in, prefix+name+".")...)
		default:
			keys = append(keys, prefix+name)
		}
	}
	return keys
}

const minimalConfig = `
ledger: {url: "postgres://u@db/x"}
pin: {key_file: KEYS}
links:
  - {name: one, address: "smsc:2775", system_id: gw}
`

func minimal(t *testing.T) string {
	t.Helper()
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("1:AAAA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.Replace(minimalConfig, "KEYS", keys, 1)
}

func TestMissingKeysHaveTheirDefaults(t *testing.T) {
	cfg, report := loadConfig(writeConfig(t, minimal(t)), filesRequired)
	if report.Failed() {
		t.Fatal(reportText(t, report))
	}
	if cfg.Limits.StepBudget != 8*time.Second || cfg.Links[0].Window != 10 ||
		cfg.Sessions.Addrs[0] != "127.0.0.1:6379" || len(cfg.PIN.Locks) != 3 {
		t.Errorf("defaults are missing: %+v", cfg)
	}
}

func TestEnvironmentAloneAndOverTheFile(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("1:AAAA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"USSDGW_LEDGER_URL":           "postgres://u:secret@db/x",
		"USSDGW_PIN_KEY_FILE":         keys,
		"USSDGW_PIN_LOCKS":            "1h,2h",
		"USSDGW_LINKS_0_NAME":         "one",
		"USSDGW_LINKS_0_ADDRESS":      "smsc:2775",
		"USSDGW_LINKS_0_SYSTEM_ID":    "gw",
		"USSDGW_LINKS_0_PASSWORD":     "pw",
		"USSDGW_LINKS_0_ENQUIRE_LINK": "45s",
		"USSDGW_SESSIONS_ADDRS":       "a:1,b:2",
		"USSDGW_SESSIONS_TLS":         "true",
		"USSDGW_LIMITS_MAX_STEPS":     "99",
	} {
		t.Setenv(name, value)
	}
	cfg, report := loadConfig(writeConfig(t, "limits: {max_steps: 7}\n"), filesRequired)
	if report.Failed() {
		t.Fatal(reportText(t, report))
	}
	link := cfg.Links[0]
	if link.Name != "one" || link.Address != "smsc:2775" || link.Password != "pw" ||
		link.EnquireLink != 45*time.Second || link.Window != 10 {
		t.Errorf("links[0]: %+v", link)
	}
	if !slices.Equal(cfg.Sessions.Addrs, []string{"a:1", "b:2"}) || !cfg.Sessions.TLS {
		t.Errorf("sessions: %+v", cfg.Sessions)
	}
	if !slices.Equal(cfg.PIN.Locks, []time.Duration{time.Hour, 2 * time.Hour}) {
		t.Errorf("pin.locks: %v", cfg.PIN.Locks)
	}
	if cfg.Limits.MaxSteps != 99 || cfg.Ledger.URL != "postgres://u:secret@db/x" {
		t.Errorf("environment does not win: %d %q", cfg.Limits.MaxSteps, string(cfg.Ledger.URL))
	}
}

func TestLocksUntilSupport(t *testing.T) {
	want := []time.Duration{time.Hour, wallet.UntilSupport}
	text := strings.Replace(minimal(t), "pin: {", "pin: {locks: [1h, support], ", 1)
	cfg, report := loadConfig(writeConfig(t, text), filesRequired)
	if report.Failed() || !slices.Equal(cfg.PIN.Locks, want) ||
		!slices.Equal(cfg.wallet().LockFor, want) {
		t.Errorf("file: locks %v, want %v\n%s", cfg.PIN.Locks, want, reportText(t, report))
	}
	t.Setenv("USSDGW_PIN_LOCKS", "1h, support")
	cfg, report = loadConfig(writeConfig(t, minimal(t)), filesRequired)
	if report.Failed() || !slices.Equal(cfg.PIN.Locks, want) {
		t.Errorf("environment: locks %v, want %v\n%s", cfg.PIN.Locks, want, reportText(t, report))
	}
	// What serve and dev do without a word about it is the same.
	if got := defaultConfig().wallet().LockFor; !slices.Equal(got, wallet.DefaultLocks()) {
		t.Errorf("default locks %v, want %v", got, wallet.DefaultLocks())
	}
}

func TestSecretsComeFromFilesAndPrintMasked(t *testing.T) {
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(minimal(t), "system_id: gw", "system_id: gw, password_file: "+password, 1)
	cfg, report := loadConfig(writeConfig(t, text), filesRequired)
	if report.Failed() {
		t.Fatal(reportText(t, report))
	}
	if cfg.Links[0].Password != "hunter2" {
		t.Errorf("password %q, want the file's without its newline", string(cfg.Links[0].Password))
	}
	for _, printed := range []string{
		cfg.Links[0].Password.String(), cfg.Links[0].Password.GoString(), formatted(cfg),
	} {
		if strings.Contains(printed, "hunter2") {
			t.Errorf("the password is in %q", printed)
		}
	}
}

// A faultyConfig is a configuration and what its report must say.
type faultyConfig struct {
	name, text string
	want       []string
}

func faultyConfigs() []faultyConfig {
	return []faultyConfig{
		{
			"unknown keys, all at once",
			"limtis: {}\nsessions:\n  adrs: [a:1]\nlinks:\n  - {systm_id: x}\n",
			[]string{
				`config.yaml:1:1: error CONF002: the configuration has no key "limtis"`,
				`did you mean "limits"?`,
				`config.yaml:3:3: error CONF002: sessions has no key "adrs"`,
				`config.yaml:5:6: error CONF002: an entry of links has no key "systm_id"`,
				`did you mean "system_id"?`,
			},
		},
		{
			"values that cannot be read",
			"limits:\n  step_budget: 8\n  max_steps: many\nsessions: {tls: perhaps}\n" +
				"pin: {locks: [30m, 1]}\n",
			[]string{
				`config.yaml:2:3: error CONF004: limits.step_budget: "8" is no duration`,
				"write a duration",
				`config.yaml:3:3: error CONF004: limits.max_steps: "many" is no whole number`,
				`config.yaml:4:12: error CONF004: sessions.tls: "perhaps" is neither true nor false`,
				"write true or false",
				`config.yaml:5:7: error CONF004: pin.locks: "1" is no duration`,
				"the last of which may be support",
			},
		},
		{
			"wrong shapes",
			"limits: 7\nlinks: {name: x}\nlog:\n  level: [info]\n",
			[]string{
				"config.yaml:1:9: error CONF003: limits must be a section of keys",
				"error CONF003: links must be a list",
				"error CONF003: log.level must be one value",
			},
		},
		{
			"values out of range, with the way out",
			"limits: {max_steps: -1, drain: 1s}\nlinks:\n  - {name: A B, dialect: klingon}\n",
			[]string{
				"config.yaml:1:10: error CONF004: limits.max_steps -1 is out of range",
				"write a value from 4 to 100000",
				"config.yaml:1:25: error CONF004: limits.drain 1s is shorter than one step may take",
				"config.yaml:3:6: error CONF004: links.0.name \"A B\" has not the right form",
				"config.yaml:3:17: error CONF004: links.0.dialect \"klingon\" is not known",
				"links.0.address is missing", "USSDGW_LINKS_0_ADDRESS",
				"ledger.url is missing", "USSDGW_LEDGER_URL", "pin.key_file is missing",
			},
		},
		{
			"two places for one secret",
			"ledger: {url: \"postgres://u@db/x\", url_file: /etc/hostname}\n",
			[]string{
				"config.yaml:1:36: error CONF004: both ledger.url and ledger.url_file are set",
			},
		},
		{
			"two links",
			"links:\n  - {name: a}\n  - {name: b}\n",
			[]string{"config.yaml:1:1: error CONF004: links there are 2"},
		},
		{
			"billers that cannot be used",
			`billers:
  - {name: a, url: "http://pay.example.net/osmp"}
  - {name: b, url: "https://u:hunter2@pay.example.net/"}
  - {name: c, url: "https://pay.example.net/", protocol: soap, timeout: 2m}
  - {name: c, url: "https://pay.example.net/", prv_ids: [water], zone: Asia/Biskek}
  - {}
  - {name: E-F, url: "https://pay.example.net/", cert_file: "", key_file: /dev/null}
`,
			[]string{
				"config.yaml:2:15: error CONF004: billers.0.url is not encrypted", "write https://",
				"config.yaml:3:15: error CONF005: billers.1.url holds credentials",
				`config.yaml:4:48: error CONF004: billers.2.protocol "soap" is not known`,
				"billers.2.timeout 2m0s is out of range",
				`config.yaml:5:6: error CONF004: billers.3.name "c" is there twice`,
				`billers.3.prv_ids "water" has not the right form`, "[water=17]",
				`billers.3.zone "Asia/Biskek" is no time zone`,
				"billers.4.name is missing", "billers.4.url is missing",
				`billers.5.name "E-F" has not the right form`,
				"billers.5.cert_file goes with key_file",
			},
		},
		{"a key twice", "log: {level: info}\nlog: {}\n", []string{"config.yaml:2:1: error YAML007"}},
		{"no YAML", "log: {level: info\nx: 1\n", []string{"error YAML003"}},
	}
}

func faultyLocks() []faultyConfig {
	return []faultyConfig{
		{
			"a word that only locks know", "limits: {drain: support}\n",
			[]string{`limits.drain: "support" is no duration`},
		},
		{
			"locks that shrink", "pin: {locks: [support, 24h]}\n",
			[]string{"pin.locks 24h0m0s comes after support"},
		},
	}
}

func TestEveryFaultIsReportedAtItsPlace(t *testing.T) {
	for _, tt := range append(faultyConfigs(), faultyLocks()...) {
		t.Run(tt.name, func(t *testing.T) {
			_, report := loadConfig(writeConfig(t, tt.text), filesRequired)
			got := reportText(t, report)
			if !report.Failed() {
				t.Fatalf("accepted:\n%s", got)
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("missing %q in:\n%s", want, got)
				}
			}
		})
	}
}

func TestSecretsInTheFileAreRefusedAndNotRepeated(t *testing.T) {
	for _, text := range []string{
		"sessions: {password: hunter2}\n",
		"ledger: {url: \"postgres://u:hunter2@db/x\"}\n",
		"ledger: {url: \"postgres://u@db/x?password=hunter2\"}\n",
		"billers:\n  - {url: \"https://u:hunter2@pay.example.net/\"}\n",
		"billers:\n  - {url: \"ftp://u:hunter2@pay.example.net/\"}\n",
	} {
		_, report := loadConfig(writeConfig(t, text), filesRequired)
		got := reportText(t, report)
		if !strings.Contains(got, "CONF005") || strings.Contains(got, "hunter2") {
			t.Errorf("%s: got:\n%s", text, got)
		}
	}
}

func TestUnknownVariableIsReported(t *testing.T) {
	t.Setenv("USSDGW_LIMITS_MAXSTEPS", "5")
	_, report := loadConfig(writeConfig(t, minimal(t)), filesRequired)
	got := reportText(t, report)
	if !strings.Contains(got, "USSDGW_LIMITS_MAXSTEPS: error CONF002") ||
		!strings.Contains(got, "did you mean USSDGW_LIMITS_MAX_STEPS?") {
		t.Errorf("got:\n%s", got)
	}
}

func TestUnreadableSecretFile(t *testing.T) {
	text := strings.Replace(minimalConfig, "KEYS", filepath.Join(t.TempDir(), "none"), 1)
	path := writeConfig(t, text)
	if _, report := loadConfig(path, filesElsewhere); report.Failed() ||
		!strings.Contains(reportText(t, report), "warning CONF001: pin.key_file") {
		t.Errorf("check: want a warning, got:\n%s", reportText(t, report))
	}
	if _, report := loadConfig(path, filesRequired); !report.Failed() {
		t.Error("serve: a key file that is not there was accepted")
	}
}

func formatted(v any) string { return fmt.Sprintf("%v %+v %#v", v, v, v) }
