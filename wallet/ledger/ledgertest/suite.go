// Package ledgertest is the suite that every ledger.Store has to pass: each verb with each of its
// declines, repeats, races, and random histories against a plain model. It only calls the Store.
package ledgertest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/money"
	"ussdgw/wallet/msisdn"
	"ussdgw/wallet/pin"
)

// Run runs the suite. open returns an empty, migrated store that is closed when its test ends.
func Run(t *testing.T, open func(t *testing.T) ledger.Store) {
	var all []test
	for _, some := range [][]test{subscriberTests(), offerTests(), holdTests(), bookTests()} {
		all = append(all, some...)
	}
	for _, test := range all {
		t.Run(test.name, func(t *testing.T) {
			b := &books{T: t, Store: open(t), now: start}
			test.run(b)
			b.verify()
		})
	}
}

// A test is a part of the suite, on books of its own.
type test struct {
	name string
	run  func(*books)
}

// subscriberTests are about who a wallet belongs to, and its PIN.
func subscriberTests() []test {
	return []test{
		{"register", testRegister},
		{"register race", testRegisterRace},
		{"language", testLanguage},
		{"tries", testTries},
		{"tries pending", testTriesPending},
		{"tries race", testTriesRace},
		{"tries bounded", testTriesBounded},
		{"staged PIN", testStagedPIN},
		{"replace PIN", testReplacePIN},
		{"block", testBlock},
		{"unblock", testUnblock},
		{"unlock", testUnlock},
		{"intervention faults", testInterventionFaults},
		{"intervention race", testInterventionRace},
		{"level", testLevel},
		{"IMSI", testIMSI},
		{"suspect", testSuspect},
		{"suspect race", testSuspectRace},
		{"reset PIN", testResetPIN},
		{"reset PIN race", testResetPINRace},
		{"right answer", testRightAnswer},
		{"last spent", testLastSpent},
		{"keys", testKeys},
	}
}

// offerTests are about offers and payments.
func offerTests() []test {
	return []test{
		{"open offer", testOpenOffer},
		{"open offer faults", testOpenOfferFaults},
		{"press", testPress},
		{"withdraw", testWithdraw},
		{"similar", testSimilar},
		{"unresolved", testUnresolved},
		{"pressed offers", testPressedOffers},
		{"fund", testFund},
		{"fund race", testFundRace},
		{"fund to the limit", testFundLimit},
		{"fund limit race", testFundLimitRace},
		{"apply", testApply},
		{"apply twice", testApplyTwice},
		{"apply declines", testApplyDeclines},
		{"apply limits", testApplyLimits},
		{"apply tells refusals", testApplyTellsRefusals},
		{"apply neighbours", testApplyNeighbours},
		{"apply one wallet twice", testApplyOneWallet},
		{"apply faults", testApplyFaults},
		{"refuse", testRefuse},
		{"refuse wins", testRefuseWins},
		{"offer race", testOfferRace},
		{"balance race", testBalanceRace},
	}
}

// holdTests are about holds, transfers and reversals.
func holdTests() []test {
	return []test{
		{"hold", testHold},
		{"hold table", testHoldTable},
		{"held message", testHeldMessage},
		{"second cash-out", testSecondCashOut},
		{"cash-out race", testCashOutRace},
		{"post a part", testPostPart},
		{"post above the hold", testPostAbove},
		{"suspense", testSuspense},
		{"cash-out hold", testCashOutHold},
		{"leases", testLeases},
		{"lease race", testLeaseRace},
		{"similar held", testSimilarHeld},
		{"transfer", testTransfer},
		{"transfer limits", testTransferLimits},
		{"transfer batch", testTransferBatch},
		{"transfer race", testTransferRace},
		{"operation limits", testOperationLimits},
		{"day turns back", testDayTurnsBack},
		{"reverse", testReverse},
		{"reverse transfer", testReverseTransfer},
		{"reverse the provider's fee", testReverseProviderFee},
		{"known bugs of others", testKnownBugs},
		{"clients", testClients},
	}
}

// bookTests are about messages, agents, cases and the sums of the books.
func bookTests() []test {
	return []test{
		{"outbox", testOutbox},
		{"send again", testSendAgain},
		{"send again race", testSendAgainRace},
		{"outbox gives up", testOutboxGivesUp},
		{"outbox race", testOutboxRace},
		{"agents", testAgents},
		{"agent faults", testAgentFaults},
		{"cash-in", testCashIn},
		{"cash-in refused", testCashInRefused},
		{"cash-in float", testCashInFloat},
		{"cash-in days", testCashInDays},
		{"cash-in race", testCashInRace},
		{"float race", testFloatRace},
		{"pay-out", testPayOut},
		{"pay-out tries", testPayOutTries},
		{"pay-out race", testPayOutRace},
		{"ended context", testEndedContext},
		{"migrations", testMigrations},
		{"cases", testCases},
		{"close case", testCloseCase},
		{"case race", testCaseRace},
		{"roll up", testRollUp},
		{"roll up race", testRollUpRace},
		{"close day", testCloseDay},
		{"statement faults", testStatementFaults},
		{"movements", testMovements},
		{"provider payments", testProviderPayments},
		{"inquiries", testInquiries},
		{"retry hold", testRetryHold},
		{"outbox status", testOutboxStatus},
		{"half a change", testHalves},
		{"agent race", testAgentOnce},
		{"key of another", testKeyOfAnother},
		{"poster", testPoster},
		{"payment histories", testPaymentHistories},
		{"PIN histories", testPINHistories},
	}
}

// start is when every test begins: noon of a day in the middle of a month.
var start = time.Date(2026, time.November, 21, 6, 0, 0, 0, time.UTC)

const (
	day   = "2026-11-21"
	month = "2026-11"
)

// books is a store under test and its clock.
type books struct {
	*testing.T
	ledger.Store
	now    time.Time
	number atomic.Int64 // numbers subscribers
}

func (b *books) ctx() context.Context { return b.Context() }

// newID makes 128 random bits in hex.
func newID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// verify fails the test when the books break a rule.
func (b *books) verify() {
	b.Helper()
	breaches, err := b.Verify(b.ctx())
	b.must(err)
	for _, breach := range breaches {
		b.Errorf("breach of %s: %s: %s", breach.Check, breach.Subject, breach.Detail)
	}
}

func (b *books) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatalf("unexpected error: %v", err)
	}
}

// declined fails the test unless err is a Decline for reason, and returns it.
func (b *books) declined(err error, reason ledger.Reason) *ledger.Decline {
	b.Helper()
	var d *ledger.Decline
	if !errors.As(err, &d) || d.Reason != reason {
		b.Fatalf("got error %v, want decline %s", err, reason)
	}
	return d
}

func (b *books) is(err, target error) {
	b.Helper()
	if !errors.Is(err, target) {
		b.Fatalf("got error %v, want %v", err, target)
	}
}

// newWallet is a registration with a number of its own.
func (b *books) newWallet() ledger.NewWallet {
	id := newID()
	number := msisdn.MustParse(fmt.Sprintf("996555%06d", b.number.Add(1)))
	return ledger.NewWallet{
		Wallet: ledger.Wallet{
			ID: id, Number: number, Name: "Asanov Asan", Lang: "ru", Level: "remote",
			INNHash: []byte("hash of " + id), INNSealed: []byte("sealed"), BirthDate: "21011990",
			FirstPIN: true, OfferHash: "agreed",
		},
		PIN: verifier(1),
		Now: b.now,
	}
}

// verifier is a verifier that differs from those of other ns.
func verifier(n byte) pin.Verifier {
	v := pin.Verifier{KeyVersion: int(n), Salt: make([]byte, 16), MAC: make([]byte, 32)}
	v.Salt[0], v.MAC[0] = n, n
	return v
}

// wallet registers a subscriber and funds the wallet.
func (b *books) wallet(amount money.Amount) ledger.Wallet {
	b.Helper()
	w := b.newWallet()
	b.must(b.Register(b.ctx(), w))
	if amount > 0 {
		b.must(b.Fund(b.ctx(), newID(), w.ID, amount, ledger.MaxBalance, b.now))
	}
	read, err := b.Wallet(b.ctx(), w.Number)
	b.must(err)
	return read
}

// offer makes, but does not open, an offer of amount with a fee of one som.
func (b *books) offer(wallet string, amount money.Amount) ledger.Offer {
	return ledger.Offer{
		ID: newID(), Wallet: wallet, Operation: ledger.OpPayment, Provider: "dostek",
		ProviderName: "Достек",
		Account:      "01234567890123", Amount: amount, Fee: money.Som(1), Code: "1234567890",
		Revision: "0123456789ab", Lang: "ru", CreatedAt: b.now,
		ExpiresAt: b.now.Add(10 * time.Minute),
	}
}

// pressed opens and presses an offer, and reads it back.
func (b *books) pressed(wallet string, amount money.Amount) ledger.Offer {
	b.Helper()
	o := b.offer(wallet, amount)
	b.must(b.OpenOffer(b.ctx(), o))
	b.must(b.Press(b.ctx(), o.ID, b.now))
	return b.read(o.ID)
}

func (b *books) read(id string) ledger.Offer {
	b.Helper()
	o, err := b.Offer(b.ctx(), id)
	b.must(err)
	return o
}

// payment asks for an offer, with an SMS and no limits.
func (b *books) payment(o ledger.Offer) ledger.Payment {
	var most money.Amount
	if o.Operation == ledger.OpTransfer {
		most = ledger.MaxBalance
	}
	return ledger.Payment{
		Offer: o, PayeeMost: most, Day: day, Month: month, Now: b.now,
		Message: ledger.Message{
			Key: "paid:" + o.ID, To: msisdn.MustParse("996555000001"), Kind: "paid", Lang: "ru",
			Fields: map[string]string{"code": o.Code, "quote": `"\` + "\x00"},
		},
	}
}

// apply executes one payment.
func (b *books) apply(p ledger.Payment) (ledger.Receipt, error) {
	b.Helper()
	results, err := b.Apply(b.ctx(), []ledger.Payment{p})
	b.must(err)
	if len(results) != 1 {
		b.Fatalf("%d results for one payment", len(results))
	}
	return results[0].Receipt, results[0].Err
}

func (b *books) holds(wallet string, want money.Amount) {
	b.Helper()
	got, err := b.Balance(b.ctx(), wallet)
	b.must(err)
	if got != want {
		b.Errorf("balance is %s, want %s", got, want)
	}
}

func (b *books) inState(id string, want ledger.OfferState) {
	b.Helper()
	if got := b.read(id).State; got != want {
		b.Errorf("offer is %s, want %s", got, want)
	}
}

// messages claims all that is due.
func (b *books) messages() []ledger.Message {
	b.Helper()
	all, err := b.ClaimMessages(b.ctx(), b.now, time.Minute, 100)
	b.must(err)
	return all
}

// race runs f n times at once and waits for all.
func race(n int, f func(i int)) {
	start, done := make(chan struct{}), make(chan struct{})
	for i := range n {
		go func() {
			defer func() { done <- struct{}{} }() // also when f fails the test
			<-start
			f(i)
		}()
	}
	close(start)
	for range n {
		<-done
	}
}
