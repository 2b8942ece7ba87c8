// Package catalogue holds what an operator decides about payments: who can be paid and how the
// account is written, fees, limits by level of identification, and which networks are served. It
// reads the files of a menus folder whose schema is Schema and refuses what would reach a
// subscriber wrong, with the place of every fault.
//
// A Catalogue is plain data: it knows no wallet and no screen, but it keeps names short enough
// for the screens of *900#. The package starts no goroutine and keeps no state.
package catalogue

import (
	"regexp"
	"strings"

	"ussdgw/wallet/money"
)

// What the texts and numbers of a catalogue may be at most.
const (
	// MaxName is the most characters in the name of a category or a provider: the screen that
	// asks the PIN shows the name with the account, the amount and the fee.
	MaxName = 14
	// MaxHint is the most characters in what the screen that asks an account says about it.
	MaxHint = 22
	// MaxLabel is the most characters in what a receipt calls an account.
	MaxLabel = 40
	// MaxElsewhere is the most characters in what a subscriber of an unserved network is told.
	MaxElsewhere = 50
	// MaxWhere is the most characters in where an account is found, for the screen that asks it.
	MaxWhere = 24
	// MaxAccount is the most characters in an account, for the same screen as MaxName: the digits
	// of all its fields with AccountSeparator between them.
	MaxAccount = 15
	// MaxFields is the most fields that a provider asks for.
	MaxFields = 3
	// MaxNumber is the largest number of a category or a provider. 98 is the key of the next
	// page, 0 and 00 go back and home.
	MaxNumber = 97
	// MaxBalance is the most that a level may let a wallet hold, 999999.99 som: the screens and
	// messages that show an amount are proved to fit one of this width.
	MaxBalance = money.Amount(999_999_99)
)

// AccountSeparator stands between the fields of an account: "12/345678".
const AccountSeparator = "/"

// The levels of identification.
const (
	// LevelRemote is that of a wallet that was registered from afar, over USSD. Every catalogue
	// has its limits.
	LevelRemote = "remote"
	// LevelInPerson is that of a wallet whose owner has shown a document in person.
	LevelInPerson = "in_person"
)

// A Catalogue is the content of the files. Nobody changes it after Load, so any number of
// goroutines may read it.
type Catalogue struct {
	Languages  []string               // that every text is in
	Categories []Category             // by Number
	Limits     map[string]LevelLimits // by level of identification; LevelRemote is there
	Operations map[string]Operation   // OpTransfer and OpCashOut; OpCashIn may be there
	Networks   []Network              // in the order of the file

	providers map[string]Provider
}

// A Category groups providers on a screen.
type Category struct {
	ID        string
	Number    int               // the key that a subscriber types
	Name      map[string]string // by language, at most MaxName characters
	Providers []Provider        // by Number
}

// A Provider is somebody who can be paid.
type Provider struct {
	ID         string            // unique in the catalogue, and forever: the books know it
	Number     int               // the key that a subscriber types, unique in the category
	Name       map[string]string // by language, at most MaxName characters
	Fields     []Field           // what says which account is paid, 1 to MaxFields
	Min, Max   money.Amount      // of one payment, without the fee
	Fee        Fee
	Settlement string // how the provider learns of payments: SettlementRegistry or -Biller
	Biller     string // with SettlementBiller: its name in the configuration; else ""
	Check      bool   // with a biller: it is asked whose account it is before the amount is
	Stopped    bool   // listed, but takes no payments now
	Promoted   bool   // shown before others where a menu asks for it
}

// How a provider learns of payments.
const (
	// SettlementRegistry is a list of payments that is sent to the provider after each day.
	SettlementRegistry = "registry"
	// SettlementBiller is a message for each payment, which is done when the answer says so.
	SettlementBiller = "biller"
)

// A Field is what a subscriber types to say which account is paid, or a part of it. It is digits
// only.
type Field struct {
	Label   map[string]string // what it is, for receipts, by language, at most MaxLabel characters
	Hint    map[string]string // what to type, for screens, by language, at most MaxHint characters
	Where   map[string]string // where it is found, by language, at most MaxWhere characters
	Pattern string            // an anchored regular expression
	MinLen  int               // digits in the shortest text that Pattern matches
	MaxLen  int               // digits in the longest, at most MaxAccount
	Example string            // Pattern matches it

	whole *regexp.Regexp // Pattern
}

// A Network is a mobile network, known by the first digits of its numbers.
type Network struct {
	ID        string
	Name      string
	Prefixes  []string          // E.164 digits without the plus sign; "" begins every number
	Served    bool              // its subscribers may use this service
	Elsewhere map[string]string // where they go when it is not served, at most MaxElsewhere
	TopUp     string            // the provider that puts money on a phone of it; "" = none
}

// Provider returns the provider with the ID id.
func (c *Catalogue) Provider(id string) (Provider, bool) {
	p, ok := c.providers[id]
	return p, ok
}

// Text returns a text in a language. A language that is another in other letters, such as
// "ru-latn", has the text of that one, "ru".
func Text(texts map[string]string, lang string) string {
	text, ok := texts[lang]
	if base, _, derived := strings.Cut(lang, "-"); !ok && derived {
		return texts[base]
	}
	return text
}

// Network returns the network of a number, given as E.164 digits without the plus sign: the one
// with the longest prefix that the number begins with. Load makes sure that there always is one.
func (c *Catalogue) Network(digits string) (Network, bool) {
	best, found := Network{}, -1
	for _, n := range c.Networks {
		for _, prefix := range n.Prefixes {
			if len(prefix) > found && strings.HasPrefix(digits, prefix) {
				best, found = n, len(prefix)
			}
		}
	}
	return best, found >= 0
}
