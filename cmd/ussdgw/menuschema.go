package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"ussdgw/menus/schema"
	"ussdgw/ussd/menu"
	"ussdgw/wallet/catalogue"
)

// fileKind is one of the two kinds of files in a folder of menus.
type fileKind struct {
	name   string // as commands call it
	says   string // what its files say that they are
	file   string // where its JSON Schema is, beside them
	schema *schema.Schema
}

// fileKinds are the kinds of files, that of the menu first.
func fileKinds() []fileKind {
	return []fileKind{
		{"menu", menu.Schema, "menu.schema.json", menu.FileSchema()},
		{"catalogue", catalogue.Schema, "catalogue.schema.json", catalogue.FileSchema()},
	}
}

func menuSchemaCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "schema [menu|catalogue]",
		Short: "Print the JSON Schema by which editors complete and underline menu files",
		Long: `Print the JSON Schema (draft-07) of the files that begin with "schema: ussd.menu/v1", or
with "catalogue" of those that begin with "schema: ussd.catalogue/v1". It is made from the tables
by which the files are read.

An editor that knows YAML schemas (VS Code with the YAML extension) finds it by the first line of a
file, which "menu fmt" writes:

  # yaml-language-server: $schema=./menu.schema.json

--write DIR puts both schemas beside the files of DIR. What an editor does not underline can still
be wrong: "menu check" proves the rest.`,
		Example: indent("ussdgw menu schema --write mymenus", "ussdgw menu schema catalogue"),
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir != "" {
				if len(args) > 0 {
					return usage(cmd, "--write writes both schemas: name none")
				}
				return writeSchemas(dir)
			}
			for _, k := range fileKinds() {
				if len(args) > 0 && args[0] != k.name {
					continue
				}
				text, err := schema.Marshal(k.schema)
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(text)
				return err
			}
			return usage(cmd, fmt.Sprintf("no schema %q, only menu and catalogue", args[0]))
		},
	}
	cmd.Flags().StringVar(&dir, "write", "", "folder that gets both schemas as files")
	return cmd
}

func writeSchemas(dir string) error {
	for _, k := range fileKinds() {
		text, err := schema.Marshal(k.schema)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, k.file), text, 0o644); err != nil {
			return &exitError{exitUsage, err.Error()}
		}
	}
	return nil
}
