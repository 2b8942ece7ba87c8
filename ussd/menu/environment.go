package menu

import "ussdgw/wallet/money"

// An Environment is what the wallet's side declares to the menus: the actions they may run, the
// lists they may show and the messages they must have texts for. Load proves the menus against
// it, so a real outcome, value or item must stay within what is declared here.
type Environment struct {
	Actions map[string]ActionDef
	Lists   map[string]ListDef
	// SMS names the fields of every kind of message. Each kind needs a text in each language.
	SMS map[string][]ValueDef
	// Untold is the action that tells what became of a payment. The entry `untold` must be a state
	// that does it. "" means that any will do.
	Untold string
	// PINLength overrides the length of every pin slot when it is above zero.
	PINLength int
}

// An ActionDef declares one request to the wallet.
type ActionDef struct {
	Args     []string // what `with:` must give, besides Secrets
	Optional []string // what `with:` may give
	Secrets  []string // what `with:` must feed from a secret slot, and only that
	// Literals has, by argument, the texts that `with:` may give in quotes. An argument that is
	// not here takes no literal.
	Literals map[string][]string
	Outcomes map[string]OutcomeDef // every one must be handled in `on:`
	// Money marks an action that moves money: it runs only directly after a confirm screen,
	// fed with the PIN typed there and with the offer shown there.
	Money bool
	// Withdraw names the action that is run when the confirm screen of an offer that this
	// action made is left by back or home. It takes no arguments. "" means none.
	Withdraw string
	// Operation is what the offers are of that this action makes, or moves the money of. The
	// confirm screen of an offer leads to an action of its operation.
	Operation string
}

// An OutcomeDef declares one way an action can end.
type OutcomeDef struct {
	Sets []ValueDef // all of them come with the outcome, always
	// Offer says that the wallet holds an open offer now: the outcome leads to a confirm screen.
	Offer bool
	// Confirm names what the confirm screen of an offer shows besides {amount} and {fee}: values
	// that the outcome sets, and for an argument of the action what that was given.
	Confirm []string
	// Shows names values that the subscriber must be told, all of them certainly set: the outcome
	// leads straight to a screen whose prompt, or the error in its place, shows them in every
	// language.
	Shows []string
	// Ends says that the dialogue is over: the outcome leads straight to an end.
	Ends bool
}

// A ValueType says how conditions and plural forms read a value.
type ValueType string

// The types of values.
const (
	TypeText  ValueType = ""      // any text: equal to another one or not
	TypeCount ValueType = "count" // a whole number in decimal digits: "3"
	TypeMoney ValueType = "money" // an amount of som: "100.50"
)

// A ValueDef declares a value and how wide it can be. Every real value is at most as long as the
// longest of Widest, in septets while it is within the GSM alphabet and in UTF-16 units always.
// A value with one of Widest outside the GSM alphabet may be anything.
type ValueDef struct {
	Name   string
	Type   ValueType
	Widest []string
	// Langs replaces Widest by language, for a value that is a text of the menu's languages.
	Langs map[string][]string
	// Secret says of a field of a message that nothing else brings it: every text of it shows the
	// field.
	Secret bool
}

// A ListDef declares a list of items that a `list:` state can show.
type ListDef struct {
	Of    string            // the list slot that selects the sub-list, or "" for one list
	Items map[string][]Item // by the id of Of's item, or under "" when Of is ""
}

// An Item is one entry of a list.
type Item struct {
	ID     string
	Number int               // the key that the subscriber types; the same on every page
	Label  map[string]string // language -> text
	// Promoted puts the item first where a list has `top: [promoted]`, and among those of
	// `only: promoted`.
	Promoted bool
	// Values are texts that go with the item, by name and language: {provider.hint}.
	Values map[string]map[string]string
	// Counts are numbers that conditions may look at, by name: provider.fields. Every item of the
	// list has the same names.
	Counts map[string]int
	// Rules bound what is typed into a slot that names one: "account", "amount".
	Rules map[string]Rule
}

// A Rule bounds what may be typed into a slot. Zero fields do not bound.
type Rule struct {
	Pattern        string // an anchored regular expression
	MinLen, MaxLen int    // in runes
	Min, Max       money.Amount
	Example        string
}
