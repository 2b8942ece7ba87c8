package wallet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"ussdgw/wallet/ledger"
	"ussdgw/wallet/pin"
)

// resealPage is how many INNs are read at once.
const resealPage = 500

// ResealINNs seals every INN anew that is sealed under another version of the PIN key than the
// current one, and returns how many it were. It may be broken off and begun again.
func (i *Issuer) ResealINNs(ctx context.Context) (int, error) {
	done, after := 0, ""
	for {
		page, err := i.store.SealedINNs(ctx, i.keys.Current(), after, resealPage)
		if err != nil || len(page) == 0 {
			return done, err
		}
		for _, sealed := range page {
			if err := i.reseal(ctx, sealed); err != nil {
				return done, fmt.Errorf("wallet: INN of wallet %s: %w", sealed.Wallet, err)
			}
			done++
		}
		after = page[len(page)-1].Wallet
	}
}

func (i *Issuer) reseal(ctx context.Context, old ledger.SealedINN) error {
	plain, err := i.keys.Open(old.Sealed, boundINN(old.Wallet))
	if err != nil {
		return err
	}
	defer clear(plain)
	nonce, err := i.draw(pin.NonceOctets)
	if err != nil {
		return err
	}
	fresh, err := i.keys.Seal(plain, boundINN(old.Wallet), nonce)
	if err != nil {
		return err
	}
	return i.store.ResealINN(ctx, old.Wallet, old.Sealed, fresh)
}

// ErrFingerprints says that keyed hashes are made with another key than those in the books: no INN
// would be found taken or right, and every SIM would be another one.
var ErrFingerprints = errors.New("wallet: the fingerprint key is not the one of the books")

// CheckKeys compares the PIN keys with the books. It fails with ErrFingerprints. Else missing says
// which versions are not in the key file though something needs them; it is "" when none is.
// Whoever has such a PIN can only have it reset.
func (i *Issuer) CheckKeys(ctx context.Context) (missing string, err error) {
	use, err := i.store.KeyVersions(ctx)
	if err != nil {
		return "", fmt.Errorf("wallet: check keys: %w", err)
	}
	// No INN is sealed under such a version, so any wallet's will do.
	some, err := i.store.SealedINNs(ctx, math.MaxInt32, "", 1)
	if err != nil {
		return "", fmt.Errorf("wallet: check keys: %w", err)
	}
	for _, sealed := range some {
		if err := i.checkFingerprint(ctx, sealed); err != nil {
			return "", err
		}
	}
	return MissingKeys(use, i.keys), nil
}

func (i *Issuer) checkFingerprint(ctx context.Context, sealed ledger.SealedINN) error {
	plain, err := i.keys.Open(sealed.Sealed, boundINN(sealed.Wallet))
	if errors.Is(err, pin.ErrUnknownKey) {
		return nil // MissingKeys says so
	}
	if err != nil {
		return fmt.Errorf("wallet: check keys: INN of wallet %s: %w", sealed.Wallet, err)
	}
	inn := pin.NewSecret(plain)
	defer inn.Wipe()
	defer clear(plain)
	w, err := i.store.WalletByID(ctx, sealed.Wallet)
	if err != nil {
		return fmt.Errorf("wallet: check keys: %w", err)
	}
	if !bytes.Equal(w.INNHash, i.keys.FingerprintOf(purposeINN, inn)) {
		return ErrFingerprints
	}
	return nil
}

// MissingKeys says which versions of the PIN key are needed and not there, and what needs them; ""
// when none is.
func MissingKeys(use ledger.KeyUse, keys *pin.Keys) string {
	needed := map[int]bool{}
	for _, counts := range []map[int]int{use.PINs, use.INNs, use.Messages} {
		for version := range counts {
			needed[version] = true
		}
	}
	for _, version := range keys.Versions() {
		delete(needed, version)
	}
	var lines []string
	for _, version := range slices.Sorted(maps.Keys(needed)) {
		lines = append(lines, fmt.Sprintf("version %d is not in the key file, and %d PINs, %d INNs "+
			"and %d messages need it", version, use.PINs[version], use.INNs[version],
			use.Messages[version]))
	}
	return strings.Join(lines, "; ")
}
