package catalogue_test

import "embed"

//go:embed testdata/bad/*.yaml
var testdata embed.FS
