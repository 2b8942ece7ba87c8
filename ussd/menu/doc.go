// Package menu owns the menu language: it parses the YAML files of a menu, proves that they are
// fit to be shown, and runs them. A running menu is pure: Begin, Step, Resume, Interrupt and Show
// take a Position and return the next one with a screen to show or an action to do. There is no
// clock, no I/O but the reading in Load, no goroutine and no randomness, and no Position or typed
// text makes it panic.
//
// Load goes through stages, each in files of its own:
//
//   - load*.go reads the sections of all files and turns them into states, slots and texts;
//   - check.go looks at every name: targets, slots, lists, actions, outcomes, error texts;
//     check_rules.go at what the catalogue's items allow in slots; check_guard.go at conditions;
//   - flow.go and flow_unset.go follow all edges forward for the values that are certainly set
//     where they are shown, and backward for how wide they can become;
//   - check_money.go holds what keeps money and secrets safe, check_told.go what must be told of
//     an outcome;
//   - check_fit.go lays out every screen at its widest, with the functions of render.go, which
//     lay out every screen that is sent.
//
// What is typed at a secret screen is in no Position and no Screen. It leaves in Action.Secrets
// and nowhere else.
//
// The package does not know the wallet. What a menu may ask for is declared in an Environment.
package menu
