package pin

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
)

// NonceOctets is the length of the nonce that Seal takes. A nonce is random and never used twice;
// 2^32 payloads per key are safe (NIST SP 800-38D §8.3).
const NonceOctets = 12

// A sealed payload is: format, key version (4 octets, big endian), nonce, AES-256-GCM text and tag.
const (
	sealFormat = 1
	sealHeader = 1 + 4
)

// ErrSealed says that a sealed payload was damaged, or belongs to another context.
var ErrSealed = errors.New("pin: sealed payload does not open")

// Seal encrypts plain under the current key and binds it to aad, which must be given again to
// Open: the key of the message, or the id of the wallet, that it belongs to.
func (k *Keys) Seal(plain []byte, aad string, nonce []byte) ([]byte, error) {
	if len(nonce) != NonceOctets {
		return nil, fmt.Errorf("pin: seal: nonce of %d octets, want %d", len(nonce), NonceOctets)
	}
	sealed := binary.BigEndian.AppendUint32([]byte{sealFormat}, uint32(k.current))
	bound := append(append([]byte(nil), sealed...), aad...)
	sealed = append(sealed, nonce...)
	return k.gcm(k.current).Seal(sealed, nonce, plain, bound), nil
}

// Open returns what was sealed with the same aad, whatever key version is current now. It fails
// with ErrSealed or ErrUnknownKey.
func (k *Keys) Open(sealed []byte, aad string) ([]byte, error) {
	if len(sealed) < sealHeader+NonceOctets || sealed[0] != sealFormat {
		return nil, ErrSealed
	}
	version := int(binary.BigEndian.Uint32(sealed[1:]))
	if _, ok := k.derived[version]; !ok {
		return nil, fmt.Errorf("%w: version %d", ErrUnknownKey, version)
	}
	bound := append(append([]byte(nil), sealed[:sealHeader]...), aad...)
	nonce, text := sealed[sealHeader:sealHeader+NonceOctets], sealed[sealHeader+NonceOctets:]
	plain, err := k.gcm(version).Open(nil, nonce, text, bound)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// gcm panics where the library fails, which it does only for a key of a wrong length.
func (k *Keys) gcm(version int) cipher.AEAD {
	block, err := aes.NewCipher(k.derived[version].seal)
	if err != nil {
		panic("pin: seal: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("pin: seal: " + err.Error())
	}
	return aead
}
