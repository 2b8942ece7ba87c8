package wallet

import "ussdgw/wallet/pin"

// CodeOf is codeOf, for tests that compare a code with what the books keep of it.
func (i *Issuer) CodeOf(wallet string, code pin.Secret) []byte { return i.codeOf(wallet, code) }
