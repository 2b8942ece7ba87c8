package ussd

import (
	"context"
	"errors"

	"ussdgw/ussd/menu"
	"ussdgw/wallet/msisdn"
)

// ErrNoRevision says that a revision of the menus does not exist. A dialogue that ran on it is
// over.
var ErrNoRevision = errors.New("ussd: no such revision of the menus")

// Menus has the revisions of the menu. A dialogue runs from its first screen to its last on the
// one that it began with, on whatever instance its inputs arrive. All revisions have the same
// service code.
type Menus interface {
	// Begin returns what a new dialogue of a subscriber runs on. It needs no I/O and is never nil.
	// The zero Number stands for a subscriber of whom nothing is known.
	Begin(number msisdn.Number) *menu.Program
	// Revision returns the revision with this id. It fails with ErrNoRevision when there is none;
	// any other error says that it cannot be had now.
	Revision(ctx context.Context, id string) (*menu.Program, error)
}

// OneMenu is Menus of a single revision.
func OneMenu(p *menu.Program) Menus { return oneMenu{p} }

type oneMenu struct{ program *menu.Program }

func (m oneMenu) Begin(msisdn.Number) *menu.Program { return m.program }

func (m oneMenu) Revision(_ context.Context, id string) (*menu.Program, error) {
	if id != m.program.Revision() {
		return nil, ErrNoRevision
	}
	return m.program, nil
}
