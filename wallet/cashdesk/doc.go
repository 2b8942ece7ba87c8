// Package cashdesk is where terminal networks and branches of banks put cash into wallets and pay
// it out: a server of the protocol that terminals of the region speak to a provider (OSMP). An
// agent sends, by HTTPS with its own user and password,
//
//	GET  /osmp?command=check&txn_id=1&account=0555123456&sum=200.00
//	GET  /osmp?command=pay&txn_id=1&txn_date=20261121140500&account=0555123456&sum=200.00
//	POST /osmp with the form command=payout&txn_id=2&account=0555123456&code=123456&sum=200.00
//
// and check and pay as a form as well. The answer is XML, with status 200:
//
//	<response><osmp_txn_id>1</osmp_txn_id><prv_txn>2016</prv_txn><sum>200.00</sum>
//	<result>0</result><comment>OK</comment></response>
//
// txn_id is the agent's number, of digits; account a wallet's number, as 0555123456, 555123456 or
// 996555123456; sum is som with exactly two decimals; txn_date is YYYYMMDDHHMMSS. Parameters of
// other names mean nothing here. check moves and reserves nothing; its answer names the owner of
// the wallet in the field "name", as others may read it, and its sum may be left out. pay needs no
// check before it. payout pays out what the owner has asked for, against the one-time code of the
// SMS; its sum may be left out, and it is a form only, because addresses are logged on their way.
//
// The first final answer to a pay or a payout is the answer for ever: a repeat gets it again, with
// the same prv_txn, and moves nothing. A repeat with another account, sum or code gets 300, and an
// Error is logged. The agent repeats what it got no answer to, or 1, with the same txn_id.
//
// The package starts no goroutine but those of net/http, which have ended when Run returns.
package cashdesk
