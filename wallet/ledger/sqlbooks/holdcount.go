package sqlbooks

import (
	"context"

	"ussdgw/wallet/ledger"
)

const countHolds = `
SELECT o.provider, h.state, count(*), min(h.created_at)
FROM hold h JOIN offer o ON o.id = h.id
WHERE h.ended_at = 0 GROUP BY o.provider, h.state ORDER BY o.provider, h.state`

// OpenHolds counts the holds without an end.
func (b *Books) OpenHolds(ctx context.Context) ([]ledger.ProviderHolds, error) {
	var all []ledger.ProviderHolds
	err := b.db.View(ctx, "open holds", func(t Tx) error {
		return t.Rows(countHolds, nil, func(scan Scan) error {
			var c ledger.ProviderHolds
			var oldest int64
			err := scan(&c.Provider, &c.State, &c.Count, &oldest)
			c.Oldest = ledger.FromMicros(oldest)
			all = append(all, c)
			return err
		})
	})
	return all, err
}
