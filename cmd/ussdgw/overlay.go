package main

import (
	"bytes"
	"io/fs"
	"time"
)

// overlay is a folder in which some files have another content than they have on disk. What it
// gives out only reads.
type overlay struct {
	fs.FS
	files map[string][]byte
}

// Open opens a file as it would be.
func (o overlay) Open(name string) (fs.File, error) {
	text, ok := o.files[name]
	if !ok {
		return o.FS.Open(name)
	}
	return &overlayFile{Reader: *bytes.NewReader(text), name: name}, nil
}

// overlayFile is an open file of an overlay, and its own description.
type overlayFile struct {
	bytes.Reader
	name string
}

func (f *overlayFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *overlayFile) Close() error               { return nil }
func (f *overlayFile) Name() string               { return f.name }
func (f *overlayFile) Mode() fs.FileMode          { return 0o444 }
func (f *overlayFile) ModTime() time.Time         { return time.Time{} }
func (f *overlayFile) IsDir() bool                { return false }
func (f *overlayFile) Sys() any                   { return nil }
