// Package ledger owns the books of the issuer: wallets and their PIN verifiers, offers, transfers
// and their entries, limit counters, and the outbox of messages. It declares the Store that keeps
// them and the Poster that commits payments in groups. It knows no screen, no SMPP and no Redis.
//
// Money has three results and no fourth. A payment is done (a Receipt), declined without effect
// (a *Decline), or in doubt (ErrInDoubt), and Store.Refuse settles the doubt.
//
// Every payment is an offer first, and is executed by the offer's id: whatever a caller forgets,
// repeats or reorders, an offer is paid at most once and for exactly the amount that was offered.
//
// The package starts no goroutine of its own; Poster.Run is the caller's.
package ledger
