package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

var (
	// ErrSchemaOld says that a migration of this binary is not applied.
	ErrSchemaOld = errors.New("ledger: the schema is older than this program: migrate it")
	// ErrSchemaNew says that a newer program has migrated the schema.
	ErrSchemaNew = errors.New("ledger: the schema is newer than this program: upgrade it")
)

// A Script is a migration and its SQL. Scripts go forward only, and one that was released is
// never changed.
type Script struct {
	Migration
	SQL string
}

// Scripts reads every NNNN_name.sql of dir. Versions count from 1 without a gap.
func Scripts(fsys fs.FS, dir string) ([]Script, error) {
	names, err := fs.Glob(fsys, path.Join(dir, "*.sql"))
	if err != nil {
		return nil, fmt.Errorf("ledger: migrations: %w", err)
	}
	slices.Sort(names)
	scripts := make([]Script, 0, len(names))
	for i, name := range names {
		number, title, ok := strings.Cut(strings.TrimSuffix(path.Base(name), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if !ok || err != nil || version != i+1 {
			return nil, fmt.Errorf("ledger: migration %s: want number %04d and a name", name, i+1)
		}
		sql, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("ledger: migration %s: %w", name, err)
		}
		scripts = append(scripts, Script{Migration{Version: version, Name: title}, string(sql)})
	}
	return scripts, nil
}

// MergeStatus puts what a database has applied next to what this binary knows, by version.
func MergeStatus(known []Script, applied []Migration) []Migration {
	all := slices.Clone(applied)
	for _, s := range known {
		if !slices.ContainsFunc(applied, func(m Migration) bool { return m.Version == s.Version }) {
			all = append(all, s.Migration)
		}
	}
	slices.SortFunc(all, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	return all
}

// CheckStatus returns ErrSchemaOld or ErrSchemaNew when a database does not have exactly the
// migrations that this binary knows.
func CheckStatus(known []Script, applied []Migration) error {
	for _, m := range MergeStatus(known, applied) {
		switch {
		case m.AppliedAt.IsZero():
			return fmt.Errorf("%w (%04d_%s is missing)", ErrSchemaOld, m.Version, m.Name)
		case m.Version > len(known):
			return fmt.Errorf("%w (it has %04d_%s)", ErrSchemaNew, m.Version, m.Name)
		}
	}
	return nil
}
