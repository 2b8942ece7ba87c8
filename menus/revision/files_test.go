package revision_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"ussdgw/menus/revision"
)

func TestPack(t *testing.T) {
	folder := fstest.MapFS{
		"main.yaml":        {Data: []byte("a")},
		"sms.yaml":         {Data: []byte{}},
		"README.md":        {Data: []byte("no menu")},
		"old.yml":          {Data: []byte("no menu")},
		".#main.yaml":      {Mode: fs.ModeSymlink, Data: []byte("an editor's mark")},
		"inner/other.yaml": {Data: []byte("not in the folder itself")},
	}
	got, err := revision.Pack(folder)
	want := map[string][]byte{"main.yaml": []byte("a"), "sms.yaml": {}}
	if err != nil || !maps.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestPackRefuses(t *testing.T) {
	many := make(fstest.MapFS)
	for i := range revision.MaxFiles + 1 {
		many[fmt.Sprintf("%03d.yaml", i)] = &fstest.MapFile{}
	}
	heavy := make(fstest.MapFS)
	for i := range revision.MaxTotalBytes/revision.MaxFileBytes + 1 {
		heavy[fmt.Sprintf("%d.yaml", i)] = &fstest.MapFile{
			Data: make([]byte, revision.MaxFileBytes),
		}
	}
	for _, tt := range []struct {
		name   string
		folder fs.FS
		want   string
	}{
		{"nothing", fstest.MapFS{}, "no *.yaml files"},
		{"no folder", missing{}, "not exist"},
		{"a folder of that name", fstest.MapFS{"a.yaml/b.yaml": {}}, "a.yaml: is no regular file"},
		{"too many", many, "201 files; at most 200"},
		{
			"a large one",
			fstest.MapFS{"a.yaml": {Data: make([]byte, revision.MaxFileBytes+1)}},
			"a.yaml: more than 1048576 octets",
		},
		{"too much", heavy, "9437184 octets in all files together; at most 8388608"},
	} {
		got, err := revision.Pack(tt.folder)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %d files, %v, want %q", tt.name, len(got), err, tt.want)
		}
	}
}

// missing is a folder that is not there.
type missing struct{}

func (missing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func TestFSIsAFolder(t *testing.T) {
	files := map[string][]byte{"main.yaml": []byte("a: 1\n"), "b.yaml": {}, "ү.yaml": []byte("c")}
	r, err := revision.New(files, "aida", now)
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(r.FS(), "main.yaml", "b.yaml", "ү.yaml"); err != nil {
		t.Error(err)
	}
	got, err := revision.Pack(r.FS())
	if err != nil || !maps.EqualFunc(got, files, bytes.Equal) {
		t.Errorf("packed again: %q, %v", got, err)
	}
}

func TestNewRefuses(t *testing.T) {
	good := map[string][]byte{"main.yaml": []byte("a")}
	for name, wrong := range map[string]map[string][]byte{
		"nothing": {}, "a folder": {"../main.yaml": nil}, "another kind": {"main.txt": nil},
		"inside": {"a/main.yaml": nil}, "no name": {"": nil},
		"a long name": {strings.Repeat("a", 300) + ".yaml": nil},
	} {
		if r, err := revision.New(wrong, "aida", now); err == nil {
			t.Errorf("%s: got %+v", name, r)
		}
	}
	for _, author := range []string{"", "a\nb", strings.Repeat("a", revision.MaxActor+1)} {
		if r, err := revision.New(good, author, now); err == nil {
			t.Errorf("author %q: got %+v", author, r)
		}
	}
}

func TestVerify(t *testing.T) {
	r, err := revision.New(map[string][]byte{"main.yaml": []byte("a")}, "aida", time.Now())
	if err != nil || r.Verify() != nil {
		t.Fatalf("got %v, %v", err, r.Verify())
	}
	r.Files["main.yaml"] = []byte("b")
	if err := r.Verify(); !errors.Is(err, revision.ErrTampered) {
		t.Errorf("got %v, want %v", err, revision.ErrTampered)
	}
}

// TestEncode packs any files and unpacks them, and cuts what is packed everywhere.
func TestEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		files := rapid.MapOfN(rapid.StringMatching(`[a-zө]{1,8}\.yaml`),
			rapid.SliceOfN(rapid.Byte(), 0, 40), 0, 6).Draw(t, "files")
		packed := revision.Encode(files)
		got, err := revision.Decode(packed)
		if err != nil || !maps.EqualFunc(got, files, bytes.Equal) {
			t.Fatalf("got %q, %v, want %q", got, err, files)
		}
		if !bytes.Equal(packed, revision.Encode(got)) {
			t.Fatal("packed again it is another")
		}
		cut := rapid.IntRange(0, len(packed)).Draw(t, "cut")
		got, err = revision.Decode(packed[:cut])
		if err == nil && !bytes.Equal(revision.Encode(got), packed[:cut]) {
			t.Fatalf("cut at %d: got %q", cut, got)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(revision.Encode(map[string][]byte{"a.yaml": []byte("x"), "b.yaml": {}}))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		files, err := revision.Decode(b)
		if err != nil {
			if !errors.Is(err, revision.ErrTampered) {
				t.Errorf("got %v", err)
			}
			return
		}
		if again := revision.Encode(files); !bytes.Equal(again, b) {
			t.Errorf("%x is unpacked, but packed as %x", b, again)
		}
	})
}
