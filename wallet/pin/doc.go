// Package pin holds what a subscriber types in secret, the keyed verifiers that are stored in its
// place, the rule for weak PINs, and the sealing of payloads that carry a first PIN. It is a leaf:
// it knows no wallet, no store and no screen.
//
// A PIN of four digits has 10,000 values, so no hash protects it: what does is a key that is not
// in the database.
package pin
