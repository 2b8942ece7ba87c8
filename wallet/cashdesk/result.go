package cashdesk

import (
	"context"
	"errors"
	"strconv"

	"ussdgw/wallet/ledger"
)

// A Result is a code of the protocol. Only OK and Temporary are not final.
type Result int

// The results that are given. A final one is given only to what will never be done: the books keep
// the refusal, or the request is wrong in itself.
const (
	OK            Result = 0
	Temporary     Result = 1   // repeat it later
	BadAccount    Result = 4   // the account has a wrong form
	NoAccount     Result = 5   // nobody has this account
	Forbidden     Result = 7   // the provider does not allow it
	Technical     Result = 8   // technical reasons forbid it; of check only
	BadField      Result = 31  // an extra field is wrong: the code
	Inactive      Result = 79  // the account is not active
	TooSmall      Result = 241 // the sum
	TooLarge      Result = 242 // the sum
	Indeterminate Result = 243 // the state of the account cannot be told; of check only
	Other         Result = 300 // the request is wrong, or is not the one that it repeats
)

// Final reports whether the agent gives up.
func (r Result) Final() bool { return r != OK && r != Temporary }

// String is the code as it is sent.
func (r Result) String() string { return strconv.Itoa(int(r)) }

// An outcome is a result and the comment that is sent with it, for people at the agent.
type outcome struct {
	result  Result
	comment string
}

// outcomes is what each reason of the books is in the protocol, of every command.
func outcomes() map[ledger.Reason]outcome {
	return map[ledger.Reason]outcome{
		ledger.Done:                {OK, "OK"},
		ledger.ReasonNoWallet:      {NoAccount, "the number has no wallet"},
		ledger.ReasonBlocked:       {Inactive, "the wallet is blocked"},
		ledger.ReasonSuspect:       {Forbidden, "the owner has to be identified first"},
		ledger.ReasonLimitPayment:  {TooLarge, "more than one cash-in may be"},
		ledger.ReasonLimitDay:      {TooLarge, "more than the limit of the day"},
		ledger.ReasonLimitMonth:    {TooLarge, "more than the limit of the month"},
		ledger.ReasonLimitBalance:  {TooLarge, "more than the wallet may hold"},
		ledger.ReasonNoCashOut:     {Forbidden, "no cash-out is under way"},
		ledger.ReasonExpired:       {Forbidden, "the time of the code is over"},
		ledger.ReasonMismatch:      {Forbidden, "the code is for another sum"},
		ledger.ReasonCodeWrong:     {BadField, "wrong code"},
		ledger.ReasonKeyReused:     {Other, "this txn_id had another account, sum or code"},
		ledger.ReasonFloat:         {Temporary, "the float of the agent is used up"},
		ledger.ReasonAccountFormat: {BadAccount, "account is no subscriber number"},
		ledger.ReasonBelowMin:      {TooSmall, "sum is too small"},
		reasonMalformed:            {Other, "the request is wrong"},
		reasonTemporary:            {Temporary, "repeat it later"},
		reasonIndeterminate:        {Indeterminate, "the state of the wallet cannot be told"},
		reasonFloatCheck:           {Technical, "the float of the agent is used up"},
		reasonNoAgent:              {Temporary, "the agent has no float here yet"},
		reasonNoAgentCheck:         {Technical, "the agent has no float here yet"},
	}
}

// Reasons that only this package has.
const (
	reasonMalformed     ledger.Reason = "malformed"
	reasonTemporary     ledger.Reason = "temporary"
	reasonIndeterminate ledger.Reason = "indeterminate"
	reasonFloatCheck    ledger.Reason = "float_check"
	reasonNoAgent       ledger.Reason = "no_agent"
	reasonNoAgentCheck  ledger.Reason = "no_agent_check"
)

// reasonOf is the reason of an error. A pay or payout that is not decided for ever gets a reason
// whose result is not final; a check may be told more, because nothing hangs on it.
func reasonOf(err error, command string) ledger.Reason {
	reason := ledger.ReasonOf(err)
	_, known := outcomes()[reason]
	noAgent, isCheck := errors.Is(err, ledger.ErrNoAgent), command == commandCheck
	switch {
	case reason == ledger.ReasonFloat && isCheck:
		return reasonFloatCheck
	case known:
		return reason
	case noAgent && isCheck:
		return reasonNoAgentCheck
	case noAgent:
		return reasonNoAgent
	case isCheck && !errors.Is(err, ledger.ErrUnavailable) &&
		!errors.Is(err, context.DeadlineExceeded):
		return reasonIndeterminate
	}
	return reasonTemporary
}
