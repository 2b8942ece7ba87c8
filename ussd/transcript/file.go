package transcript

import (
	"time"

	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
)

// A File is one file of scenarios, in their order. It is made of lines; what a line is follows
// from how it begins:
//
//	# a comment, on a line of its own
//	@clock 2026-11-21T10:00:00+06:00     headers: of the whole file, or of the scenario
//	@msisdn +996555000116                they stand below
//	@lang ru
//	@given wallet balance=1250.00 lang=ru pin={pin}
//	@given unregistered taken_inn=21210199012345   (taken by another number, where it matters)
//	@other +996700222333 name=Айбек_Асанов lang=ky balance=0.00   (another wallet; _ is a blank)
//	-- scenario: pays Dostek
//	>> *900#                             typed; may end in " !! drop" or " !! repeat"
//	<< CON main UCS-2 76/80              CON or END, the state; alphabet and size if they matter
//	| 1 Переводы                         a line of the screen, to the letter
//	| Код {code:/[0-9]{10}/}             matches an expression and keeps it under a name
//	| ...                                any further lines
//	~~ debit count=1                     debits of the scenario so far
//	~~ debit 101.00 KGS provider=dostek account=01234567890123
//	~~ sms "Оплата *Код {code}*"         the next SMS; * is any text
//	~~ sms +996700222333 "…"             the next one of another phone
//	~~ no sms                            no SMS is left that was not asked for
//	== wallet balance=1149.00
//	== wallet +996700222333 balance=0.00
//	%% agent cash_in 500.00              somebody pays cash in at a terminal
//	%% agent cash_out {sms.code}         cash is fetched with the code of the last SMS that has one
//	%% provider code=5,times=1           providers do wrong from now on; see `sim biller --help`
//	%% provider well                     and right again
//	%% sim changed                       the network tells that the number has another SIM
//	++ 61s                               the clock moves
//	!! hangup
//
// A screen without lines is compared by state and size only. {name} stands for what was kept
// under that name before in the scenario, or for a secret, which is never written out.
type File struct {
	Name      string
	Scenarios []Scenario
}

// A Scenario is one story with a world of its own. Headers are those of the file with those of
// the scenario over them.
type Scenario struct {
	Name  string
	Line  int // of its name
	Clock time.Time
	// Number is the subscriber who dials.
	Number msisdn.Number
	Lang   string // of the phone, "" when it does not matter
	Given  Given
	Others []Other
	Steps  []Step
}

// An Other is the wallet of another number, which nobody dials from.
type Other struct {
	Line    int
	Number  msisdn.Number
	Name    string
	Lang    string
	Balance money.Amount
	Blocked bool
}

// Given is the subscriber's wallet before the first step.
type Given struct {
	Line       int
	Registered bool // the rest is zero unless it is set
	Balance    money.Amount
	Lang       string
	PIN        string // name of the secret that is the wallet's PIN, or "" for any
	FirstPIN   bool   // the PIN came by SMS and was never used
	BalancePIN bool   // the operator lets only who types the PIN see a balance
	// TakenINN is one that another number has registered with, or "". It is the only field that
	// also goes with a number that is not registered.
	TakenINN string
}

// A Step is one of Input, Screen, Debits, Debit, SMS, NoSMS, Wallet, Wait, HangUp and Event.
type Step interface {
	// At is the line of the file, from 1.
	At() int
}

// An Input is what the subscriber types: the dialled string when no dialogue is open, an answer
// otherwise.
type Input struct {
	Line   int
	Text   Pattern // literals and names only
	Drop   bool    // the answer never reaches the phone, and the dialogue is gone
	Repeat bool    // the network delivers it twice
}

// A Screen is what the phone shows after the Input before it.
type Screen struct {
	Line  int
	End   bool // the dialogue ends with it
	State string
	// Alphabet is "GSM-7", "UCS-2", or "" when it does not matter. Used and Limit are in its
	// units, and zero when they do not matter.
	Alphabet    string
	Used, Limit int
	Lines       []Line // none when the text does not matter
}

// Debits is how many debits the wallet has had in the scenario so far.
type Debits struct {
	Line  int
	Count int
}

// A Debit is one debit that the wallet has had, amount and fee together. Provider and Account are
// "" when they do not matter.
type Debit struct {
	Line              int
	Amount            money.Amount
	Provider, Account string
}

// An SMS is the next one of the scenario that was not asked for yet, on the phone of To.
type SMS struct {
	Line int
	To   msisdn.Number // zero: the subscriber's
	Text Pattern
}

// NoSMS says that there is none that was not asked for yet.
type NoSMS struct{ Line int }

// Wallet is the state of the wallet after the steps before.
type Wallet struct {
	Line    int
	Of      msisdn.Number // zero: the subscriber's
	Balance money.Amount
}

// Wait moves the clock.
type Wait struct {
	Line int
	For  time.Duration
}

// HangUp ends the open dialogue from the phone's side.
type HangUp struct{ Line int }

// An Event is something that others do. What it is the World knows.
type Event struct {
	Line int
	What Pattern // words with blanks between; literals and names only
}

// At is the line of the file.
func (s Input) At() int  { return s.Line }
func (s Screen) At() int { return s.Line }
func (s Debits) At() int { return s.Line }
func (s Debit) At() int  { return s.Line }
func (s SMS) At() int    { return s.Line }
func (s NoSMS) At() int  { return s.Line }
func (s Wallet) At() int { return s.Line }
func (s Wait) At() int   { return s.Line }
func (s HangUp) At() int { return s.Line }
func (s Event) At() int  { return s.Line }

// Secrets are the names that are known without a capture: what a subscriber types or is sent and
// nobody writes down.
func Secrets() []string {
	return []string{
		"pin",      // the wallet's PIN
		"wrong",    // any other
		"newpin",   // a good one to change to
		"weakpin",  // one that is refused
		"sms.pin",  // the PIN in the last SMS that has one
		"sms.code", // the one-time code in the last SMS that has one
		"inn",      // of the wallet that is given
	}
}
