package revision

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// What a revision may hold at most. One file and the number of files have the bounds of a menus
// folder.
const (
	MaxFiles      = 200     // files of a revision
	MaxFileBytes  = 1 << 20 // octets of one file
	MaxTotalBytes = 8 << 20 // octets of all files together
	maxNameBytes  = 255     // octets of a file's name
)

// extension is how the name of a file ends that belongs to a revision.
const extension = ".yaml"

// Pack reads the *.yaml files of fsys's root folder, by name. What is no regular file and what is
// beyond the bounds is an error; other files and folders are passed over, and so are names that
// begin with a dot, which editors and systems put beside others.
func Pack(fsys fs.FS) (map[string][]byte, error) {
	names, err := fs.Glob(fsys, "*"+extension)
	if err != nil {
		return nil, fmt.Errorf("revision: pack: %w", err)
	}
	if _, err := fs.Stat(fsys, "."); err != nil {
		return nil, fmt.Errorf("revision: pack: %w", err)
	}
	names = slices.DeleteFunc(names, hidden)
	files := make(map[string][]byte, len(names))
	for _, name := range names {
		if files[name], err = readFile(fsys, name); err != nil {
			return nil, fmt.Errorf("revision: pack: %s: %w", name, err)
		}
	}
	if err := validateFiles(files); err != nil {
		return nil, fmt.Errorf("revision: pack: %w", err)
	}
	return files, nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// readFile reads at most one octet more than a file may have. A named pipe is not opened: that
// would wait until somebody writes to it.
func readFile(fsys fs.FS, name string) (b []byte, err error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is no regular file")
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
}

func validateFiles(files map[string][]byte) error {
	if len(files) == 0 {
		return fmt.Errorf("no *%s files", extension)
	}
	if len(files) > MaxFiles {
		return fmt.Errorf("%d files; at most %d", len(files), MaxFiles)
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		switch {
		case !fs.ValidPath(name) || path.Base(name) != name || path.Ext(name) != extension ||
			hidden(name) || len(name) > maxNameBytes:
			return fmt.Errorf("%.60q is no name of a menu file", name)
		case len(files[name]) > MaxFileBytes:
			return fmt.Errorf("%s: more than %d octets", name, MaxFileBytes)
		}
		total += len(files[name])
	}
	if total > MaxTotalBytes {
		return fmt.Errorf("%d octets in all files together; at most %d", total, MaxTotalBytes)
	}
	return nil
}

// New makes a revision of files, with its ID. author is who stores it.
func New(files map[string][]byte, author string, at time.Time) (Revision, error) {
	if err := validateFiles(files); err != nil {
		return Revision{}, fmt.Errorf("revision: %w", err)
	}
	if err := checkLine("the author", author, MaxActor); err != nil {
		return Revision{}, fmt.Errorf("revision: %w", err)
	}
	return Revision{
		ID: IDOf(contentOf(files)), Files: files, Author: author,
		StoredAt: at.UTC().Truncate(time.Microsecond),
	}, nil
}

func contentOf(files map[string][]byte) [sha256.Size]byte {
	sums := make(map[string][sha256.Size]byte, len(files))
	for name, b := range files {
		sums[name] = sha256.Sum256(b)
	}
	return ContentOf(sums)
}

// Content returns the content sum of the files.
func (r Revision) Content() [sha256.Size]byte { return contentOf(r.Files) }

// Verify reports whether the revision is whole: within its bounds, and its ID that of its files.
// What has been changed in a database fails with ErrTampered. The ID is short enough for somebody
// to make other files that have it; Rollout.Verify finds these too.
func (r Revision) Verify() error {
	if err := validateFiles(r.Files); err != nil {
		return fmt.Errorf("%w: revision %s: %w", ErrTampered, r.ID, err)
	}
	if got := IDOf(r.Content()); got != r.ID {
		return fmt.Errorf("%w: the files of revision %s are those of %s", ErrTampered, r.ID, got)
	}
	return nil
}

// Encode packs files into octets, the same ones for the same files: of each, in the order of
// their names, the length of the name in 4 octets, the name, and the content likewise.
func Encode(files map[string][]byte) []byte {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b = appendSized(b, name)
		b = appendSized(b, files[name])
	}
	return b
}

// Decode unpacks what Encode has packed. It refuses everything else with ErrTampered.
func Decode(b []byte) (map[string][]byte, error) {
	files := make(map[string][]byte)
	last := ""
	for rest := b; len(rest) > 0; {
		name, after, ok := cutSized(rest)
		content, after, ok2 := cutSized(after)
		if !ok || !ok2 || string(name) <= last || len(files) >= MaxFiles {
			return nil, fmt.Errorf("%w: the files end at octet %d of %d", ErrTampered,
				len(b)-len(rest), len(b))
		}
		last, rest = string(name), after
		files[last] = bytes.Clone(content)
	}
	return files, nil
}

func appendSized[T string | []byte](b []byte, part T) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
	return append(b, part...)
}

func cutSized(b []byte) (part, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if b = b[4:]; n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}
