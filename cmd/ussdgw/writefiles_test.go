package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files are replaced all or not at all, keep their modes, and a link stays one.
func TestReplaceFiles(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, mode := range map[string]os.FileMode{"a.yaml": 0o640, "real.yaml": 0o604} {
		if err := os.WriteFile(path(name), []byte("was"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("real.yaml", path("link.yaml")); err != nil {
		t.Fatal(err)
	}
	content := func(name string) string {
		b, err := os.ReadFile(path(name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	change := func(was, now string) newFile { return newFile{[]byte(was), []byte(now)} }

	for name, files := range map[string]map[string]newFile{
		"changed meanwhile": {"a.yaml": change("was", "now"), "link.yaml": change("other", "now")},
		"gone":              {"a.yaml": change("was", "now"), "none.yaml": change("was", "now")},
	} {
		err := replaceFiles(dir, files)
		if err == nil || !strings.HasPrefix(err.Error(), "nothing was written: ") {
			t.Errorf("%s: got %v", name, err)
		}
		if content("a.yaml") != "was" || content("link.yaml") != "was" {
			t.Errorf("%s: something was written", name)
		}
	}

	err := replaceFiles(dir, map[string]newFile{
		"a.yaml": change("was", "now"), "link.yaml": change("was", "now too"),
	})
	if err != nil || content("a.yaml") != "now" || content("real.yaml") != "now too" {
		t.Errorf("got %q and %q, %v", content("a.yaml"), content("real.yaml"), err)
	}
	for name, mode := range map[string]os.FileMode{
		"a.yaml": 0o640, "real.yaml": 0o604, "link.yaml": os.ModeSymlink | 0o777,
	} {
		if info, err := os.Lstat(path(name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: mode %v, %v, want %v", name, info.Mode(), err, mode)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 3 {
		t.Errorf("something is left behind: %v, %v", entries, err)
	}
}

// When the second of two files cannot be put in its place, the first is what it was.
func TestReplaceFilesTakesBack(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.yaml", "b.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("was"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	moved := 0
	err := replaceFilesBy(func(from, to string) error {
		if moved++; moved == 2 {
			return os.ErrPermission
		}
		return os.Rename(from, to)
	}, dir, map[string]newFile{
		"a.yaml": {[]byte("was"), []byte("now")}, "b.yaml": {[]byte("was"), []byte("now")},
	})
	a, errA := os.ReadFile(filepath.Join(dir, "a.yaml"))
	if err == nil || errA != nil || string(a) != "was" || moved != 2 {
		t.Errorf("a.yaml is %q, %v, %v after %d", a, err, errA, moved)
	}
}

// When the first of three files cannot be put back either, it is named, and nobody is told that
// nothing was written.
func TestReplaceFilesNamesWhatIsNew(t *testing.T) {
	dir := t.TempDir()
	files := make(map[string]newFile)
	for _, name := range []string{"a.yaml", "b.yaml", "c.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("was"), 0o600); err != nil {
			t.Fatal(err)
		}
		files[name] = newFile{[]byte("was"), []byte("now")}
	}
	moved := 0
	err := replaceFilesBy(func(from, to string) error {
		if moved++; moved < 3 {
			return os.Rename(from, to)
		}
		a := filepath.Join(dir, "a.yaml")
		return errors.Join(os.ErrPermission, os.Remove(a), os.Mkdir(a, 0o700))
	}, dir, files)
	switch {
	case !errors.Is(err, os.ErrPermission):
		t.Errorf("got %v, want what has failed", err)
	case strings.Contains(err.Error(), "nothing was written"),
		!strings.Contains(err.Error(), "look at them: "+filepath.Join(dir, "a.yaml")+": "):
		t.Errorf("got %v, want a.yaml named and it alone", err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "b.yaml")); err != nil || string(b) != "was" {
		t.Errorf("b.yaml is %q, %v", b, err)
	}
}
