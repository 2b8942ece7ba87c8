// Package wallet is the e-money issuer: it registers subscribers, checks and changes their PINs,
// makes offers, takes payments and settles their doubts, and hands the SMS of the outbox to a
// Sender. It decides; the ledger keeps the books and has the last word on every balance and limit.
// It knows no screen, no SMPP and no session.
//
// Every operation ends in one of three ways: done (a nil error), declined without effect (a
// *ledger.Decline), or failed. A failed operation has changed nothing, unless the error is
// ledger.ErrInDoubt: then it may have, and Issuer.Resolve settles a payment.
//
// An Issuer starts no goroutine. Relay.Run and Sweeper.Run are the caller's; Relay.Run sends a
// batch of messages in parallel and has ended all of that when it returns.
package wallet
