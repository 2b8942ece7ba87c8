package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A newFile is a file of a folder that gets another content.
type newFile struct {
	was, now []byte
}

// replaceFiles gives files of a folder, by name, another content: all of them, or, when it fails,
// none; when even that fails, the error names those that are not what they were. Each appears at
// once under its name and keeps its mode; a link stays one. A file that is no longer what it was is
// not touched.
func replaceFiles(dir string, files map[string]newFile) error {
	return replaceFilesBy(os.Rename, dir, files)
}

// replaceFilesBy is replaceFiles with another way to rename a file.
func replaceFilesBy(
	rename func(from, to string) error, dir string, files map[string]newFile,
) (err error) {
	type prepared struct{ name, path, temp string }
	var all []prepared
	defer func() {
		for _, p := range all {
			if e := os.Remove(p.temp); e != nil && !errors.Is(e, os.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path, err := filepath.EvalSymlinks(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("nothing was written: %w", err)
		}
		temp, err := writeBeside(path, files[name].now)
		if err != nil {
			return fmt.Errorf("nothing was written: %w", err)
		}
		all = append(all, prepared{name, path, temp})
	}
	for _, p := range all {
		now, err := os.ReadFile(p.path)
		if err != nil {
			return fmt.Errorf("nothing was written: %w", err)
		}
		if !bytes.Equal(now, files[p.name].was) {
			return fmt.Errorf("nothing was written: %s was changed meanwhile", p.path)
		}
	}
	for i, p := range all {
		if err := rename(p.temp, p.path); err != nil {
			var written []string
			for _, done := range all[:i] {
				if e := os.WriteFile(done.path, files[done.name].was, 0o600); e != nil {
					written, err = append(written, done.path), errors.Join(err, e)
				}
			}
			return notReplaced(written, err)
		}
	}
	return nil
}

// notReplaced says which files are not what they were, though not all could be written.
func notReplaced(written []string, err error) error {
	if len(written) == 0 {
		return fmt.Errorf("nothing was written: %w", err)
	}
	return fmt.Errorf("not all files were written, and these could not be put back, look at them: "+
		"%s: %w", strings.Join(written, ", "), err)
}

// writeBeside writes a file next to path, with path's mode, and returns its name.
func writeBeside(path string, text []byte) (name string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.new")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}
