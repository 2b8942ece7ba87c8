package revision

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// FS returns the files as a folder. It passes testing/fstest.TestFS and can be changed by nobody
// who does not change Files. It is safe for concurrent use.
func (r Revision) FS() fs.FS { return folder{files: r.Files, at: r.StoredAt} }

// folder is a folder of files and of nothing else.
type folder struct {
	files map[string][]byte
	at    time.Time
}

// Open opens the folder itself, ".", or one of its files.
func (f folder) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return &openFolder{folder: f, names: slices.Sorted(maps.Keys(f.files))}, nil
	}
	b, ok := f.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &openFile{Reader: bytes.NewReader(b), info: f.info(name)}, nil
}

func (f folder) info(name string) fileInfo {
	if name == "." {
		return fileInfo{name: name, mode: fs.ModeDir | 0o555, at: f.at}
	}
	return fileInfo{name: name, size: int64(len(f.files[name])), mode: 0o444, at: f.at}
}

// openFile is one file that was opened.
type openFile struct {
	*bytes.Reader
	info fileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

// openFolder is the folder that was opened; names are those that ReadDir has not returned yet.
type openFolder struct {
	folder folder
	names  []string
}

func (d *openFolder) Stat() (fs.FileInfo, error) { return d.folder.info("."), nil }
func (d *openFolder) Close() error               { return nil }

func (d *openFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: ".", Err: fs.ErrInvalid}
}

// ReadDir returns the next n entries, or all that are left when n is not above 0.
func (d *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.names) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.names) {
		n = len(d.names)
	}
	entries := make([]fs.DirEntry, n)
	for i, name := range d.names[:n] {
		entries[i] = fs.FileInfoToDirEntry(d.folder.info(name))
	}
	d.names = d.names[n:]
	return entries, nil
}

// fileInfo describes the folder or a file.
type fileInfo struct {
	name string
	size int64
	mode fs.FileMode
	at   time.Time
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return i.mode }
func (i fileInfo) ModTime() time.Time { return i.at }
func (i fileInfo) IsDir() bool        { return i.mode.IsDir() }
func (i fileInfo) Sys() any           { return nil }
