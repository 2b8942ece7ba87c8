package transcript_test

import (
	"errors"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"ussdgw/ussd/transcript"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

const header = `@clock 2026-11-21T10:00:00+06:00
@msisdn +996555000116
@given wallet balance=1250.00 lang=ru pin={pin}
`

// everything uses all that a file may say.
const everything = "# A story.\r\n" + header + `
-- scenario: pays
@lang ky
>> *900*3*3*14*14#
<< CON pay_account UCS-2 62/80
| Достэк
|
| ИНН * фирмы:
| ...
>> 100 !! repeat
<< CON pay_confirm GSM-7
>> {pin} !! drop
++ 1m1s
>>
<< END told_paid
| Код {code:/[0-9]{10}/}!
~~ debit count=1
~~ debit 101.00 KGS provider=dostek account=01234567890123
~~ debit 0.50 KGS
~~ sms "*"Код" {code}"
~~ no sms
== wallet balance=1149.00
!! hangup

-- scenario: another
@other +996700222333 name=Айбек_Асанов lang=ky balance=0.00
@other +996700222334 name=A lang=en balance=1.50 blocked=yes
@msisdn +996777000001
@given unregistered taken_inn=21210199012345
@clock 2026-12-31T23:59:59Z
>> 1
<< END main
~~ sms +996700222333 "Paid"
== wallet +996700222334 balance=1.50
%% agent cash_in 500.00
%% agent  cash_out {sms.code}
%% provider code=5,times=1
%% provider well
%% sim changed
`

func TestParse(t *testing.T) {
	file, err := transcript.Parse("a.ussd", strings.NewReader(everything))
	if err != nil {
		t.Fatal(err)
	}
	if file.Name != "a.ussd" || len(file.Scenarios) != 2 {
		t.Fatalf("got %s with %d scenarios, want a.ussd with 2", file.Name, len(file.Scenarios))
	}
	bishkek := time.FixedZone("", 6*60*60)
	first, second := file.Scenarios[0], file.Scenarios[1]
	if !first.Clock.Equal(time.Date(2026, 11, 21, 10, 0, 0, 0, bishkek)) {
		t.Errorf("clock %s", first.Clock)
	}
	checkScenario(t, first, transcript.Scenario{
		Name: "pays", Line: 6, Lang: "ky", Number: msisdn.MustParse("996555000116"),
		Given: transcript.Given{
			Line: 4, Registered: true, Balance: money.Som(1250), Lang: "ru", PIN: "pin",
		},
	})
	checkScenario(t, second, transcript.Scenario{
		Name: "another", Line: 29, Number: msisdn.MustParse("996777000001"),
		Given: transcript.Given{Line: 33, TakenINN: "21210199012345"},
		Others: []transcript.Other{
			{Line: 30, Number: msisdn.MustParse(otherDigits), Name: "Айбек Асанов", Lang: "ky"},
			{
				Line: 31, Number: msisdn.MustParse("996700222334"), Name: "A", Lang: "en",
				Balance: 150, Blocked: true,
			},
		},
	})
	checkSteps(t, first.Steps, []string{
		`8 Input "*900*3*3*14*14#" drop=false repeat=false`,
		`9 Screen CON pay_account UCS-2 62/80 "10:Достэк" "11:" "12:ИНН * фирмы:" "13:..."`,
		`14 Input "100" drop=false repeat=true`,
		`15 Screen CON pay_confirm GSM-7 0/0`,
		`16 Input "{pin}" drop=true repeat=false`,
		`17 Wait 1m1s`,
		`18 Input "" drop=false repeat=false`,
		`19 Screen END told_paid  0/0 "20:Код {code:/[0-9]{10}/}!"`,
		`21 Debits 1`,
		`22 Debit 101.00 "dostek" "01234567890123"`,
		`23 Debit 0.50 "" ""`,
		"24 SMS `*\"Код\" {code}`",
		`25 NoSMS`,
		`26 Wallet 1149.00`,
		`27 HangUp`,
	})
	checkSteps(t, second.Steps, []string{
		`35 Input "1" drop=false repeat=false`,
		`36 Screen END main  0/0`,
		"37 SMS 99670***2333 `Paid`",
		`38 Wallet 99670***2334 1.50`,
		`39 Event "agent cash_in 500.00"`,
		`40 Event "agent cash_out {sms.code}"`,
		`41 Event "provider code=5,times=1"`,
		`42 Event "provider well"`,
		`43 Event "sim changed"`,
	})
}

// checkScenario compares all but clock and steps.
func checkScenario(t *testing.T, got, want transcript.Scenario) {
	t.Helper()
	got.Steps, got.Clock = nil, time.Time{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("scenario:\n got %+v\nwant %+v", got, want)
	}
}

func checkSteps(t *testing.T, steps []transcript.Step, want []string) {
	t.Helper()
	for i := range max(len(steps), len(want)) {
		var got, should string
		if i < len(steps) {
			got = describe(steps[i])
		}
		if i < len(want) {
			should = want[i]
		}
		if got != should {
			t.Errorf("step %d:\n got %s\nwant %s", i, got, should)
		}
	}
}

func TestParseTellsEveryFault(t *testing.T) {
	octets, err := os.ReadFile("testdata/faults.ussd")
	if err != nil {
		t.Fatal(err)
	}
	// Each faulty line of the file has the fault in a comment before it.
	var want []string
	for i, line := range strings.Split(string(octets), "\n") {
		if fault, ok := strings.CutPrefix(line, "# FAULT "); ok {
			want = append(want, at(i+2)+fault)
		}
	}
	file, err := transcript.Parse("faults.ussd", strings.NewReader(string(octets)))
	if file != nil {
		t.Error("got a file beside the errors")
	}
	var faults transcript.Errors
	if !errors.As(err, &faults) {
		t.Fatalf("got %v, want Errors", err)
	}
	got := strings.Split(faults.Error(), "\n")
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("fault %d:\n got %s\nwant %s", i+1, g, w)
		}
	}
}

func TestParseTellsWhatIsMissing(t *testing.T) {
	const step = ">> *900#\n<< CON main\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing":     {"", `a.ussd:1: no scenario: begin one with "-- scenario: NAME"`},
		"no scenario": {header, `a.ussd:3: no scenario: begin one with "-- scenario: NAME"`},
		"no steps": {
			header + "-- scenario: a\n-- scenario: b\n" + step,
			`a.ussd:4: the scenario has no steps: begin with ">> *900#"`,
		},
		"no headers": {
			"-- scenario: a\n" + step,
			`a.ussd:1: no clock: write "@clock 2026-11-21T10:00:00+06:00" at the top of the file` +
				"\n" + `a.ussd:1: nobody dials: write "@msisdn +996…" at the top of the file` +
				"\n" + `a.ussd:1: no wallet is given: write "@given unregistered" or ` +
				`"@given wallet balance=1250.00 lang=ru" at the top of the file`,
		},
		"no last screen": {
			header + "-- scenario: a\n>> *900#\n",
			`a.ussd:5: no screen follows: write "<< CON state" or "<< END state", or end the ` +
				`input in " !! drop"`,
		},
	} {
		_, err := transcript.Parse("a.ussd", strings.NewReader(c.text))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
		}
	}
}

func TestParseLimits(t *testing.T) {
	step := header + "-- scenario: a\n>> *900#\n<< CON main\n| "
	for name, c := range map[string]struct{ text, want string }{
		"longest line": {step + strings.Repeat("x", transcript.MaxLineOctets-len("| ")), ""},
		"too long line": {
			step + strings.Repeat("x", transcript.MaxLineOctets),
			"a.ussd:7: the line has 4098 octets, most 4096",
		},
		"largest file": {pad(step + "...\n"), ""},
		"too large": {
			pad(step+"...\n") + "\n",
			"a.ussd:1: the file has more than 1048576 octets: split it",
		},
		"not UTF-8": {step + "\xff", "a.ussd:7: the line is not UTF-8"},
	} {
		_, err := transcript.Parse("a.ussd", strings.NewReader(c.text))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: got %v, want no error", name, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %s…", name, err, c.want)
		}
	}
}

// pad fills a text up to the largest file with comments.
func pad(text string) string {
	comment := "#" + strings.Repeat("-", 1022) + "\n"
	left := transcript.MaxFileOctets - len(text)
	return text + strings.Repeat(comment, left/len(comment)) +
		strings.Repeat("\n", left%len(comment))
}

func TestParseOfABrokenReader(t *testing.T) {
	broken := errors.New("broken")
	_, err := transcript.Parse("a.ussd", iotest.ErrReader(broken))
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "a.ussd") {
		t.Errorf("got %v, want the reader's error and the name", err)
	}
}

// The project's own transcripts are in the format.
func TestParseOwnTranscripts(t *testing.T) {
	root := os.DirFS("../../testdata/transcripts")
	names, err := fs.Glob(root, "*.ussd")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d transcripts, %v", len(names), err)
	}
	for _, name := range names {
		f, err := root.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := transcript.Parse(name, f); err != nil {
			t.Error(err)
		}
		f.Close()
	}
}

func FuzzParse(f *testing.F) {
	f.Add(header + "-- scenario: a\n>> *900#\n<< CON main UCS-2 1/80\n| {a:/x/}{pin}\n| ...\n")
	f.Add(header + "-- scenario: a\n>> {pin} !! drop\n~~ sms \"*\"\n~~ debit 1.00 KGS\n++ 1s\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := transcript.Parse("f", strings.NewReader(text))
		if (file == nil) != (err != nil) {
			t.Fatalf("got %v and %v, want one of them", file, err)
		}
		if file == nil {
			return
		}
		for _, scenario := range file.Scenarios {
			vars := map[string]string{"pin": "1234"}
			for _, step := range scenario.Steps {
				if screen, ok := step.(transcript.Screen); ok {
					transcript.Diff(screen.Lines, "1 Balance\n1234", vars)
				}
			}
		}
	})
}
