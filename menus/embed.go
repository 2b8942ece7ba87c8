// Package menus holds the files of the *900# menu and of the catalogue behind it, as the binary
// carries them: the languages' texts, providers, fees, limits and networks are all data here. The
// package imports nothing of the project and reads nothing: ussd/menu and wallet/catalogue do.
package menus

import (
	"embed"
	"io/fs"
)

//go:generate go run ../cmd/ussdgw menu schema --write .

//go:embed *.yaml
var files embed.FS

// FS returns the files as they were at build time. Nobody can change them.
func FS() fs.FS { return files }
