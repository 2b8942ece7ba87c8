package wallet

// CodeOf is codeOf.
func (i *Issuer) CodeOf(wallet, code string) []byte { return i.codeOf(wallet, code) }

// OwnerName is ownerName.
func OwnerName(name string) string { return ownerName(name) }
