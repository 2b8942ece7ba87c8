// Package billersim plays providers: an HTTP server that speaks OSMP's provider protocol and the
// plain JSON of wallet/biller, keeps what it was paid, and does on demand what providers do on bad
// days. It has a codec of its own, so that it can contradict the client that it is tested with.
//
//	/osmp/PROVIDER   check and pay, by GET or by a form
//	/json/PROVIDER   check, pay and status, by POST
//	/faults          GET lists, POST adds (one fault on a line, see ParseFault), DELETE removes
//	/payments        GET lists what was paid; ?provider=P
//	/registry        GET ?provider=P&day=2026-03-01 is the registry of a day
//
// Any account exists, but those that begin with 9990: their other digits are the result that they
// answer, so 9990005 is an account that does not exist, 999000079 one that is not active.
//
// It is deterministic: holders of accounts follow from the account, ids from the order of payments,
// times from Config.Now. Nothing is kept on disk. A Server starts no goroutine; Run starts those of
// the HTTP server and returns when they have ended.
package billersim
