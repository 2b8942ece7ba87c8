package source

// A Code is a stable name of a kind of finding and what it means.
type Code struct {
	Code  string
	Title string
	Text  string // one paragraph: why it is wrong and what to do
}

// The codes of findings about the YAML itself.
const (
	CodeUnreadable   = "YAML001"
	CodeTooLarge     = "YAML002"
	CodeSyntax       = "YAML003"
	CodeDocuments    = "YAML004"
	CodeReference    = "YAML005"
	CodeTooDeep      = "YAML006"
	CodeDuplicateKey = "YAML007"
	CodeUnknownKey   = "YAML008"
	CodeKind         = "YAML009"
	CodeKey          = "YAML010"
	CodeEncoding     = "YAML011"
	CodeFileName     = "YAML012"
)

// Codes explains every code of this package, in their order.
func Codes() []Code {
	return []Code{
		{
			CodeUnreadable, "a file or the folder cannot be read",
			"The folder must exist, hold at least one file whose name ends in .yaml, and be" +
				" readable by the user who runs the program. A folder, a named pipe or a device" +
				" with such a name is not opened.",
		},
		{
			CodeTooLarge, "too much",
			"A file holds at most 1 MiB, 20,000 lines, 60,000 values and 100,000 signs such as" +
				" brackets, colons and commas, one map 6,000 keys, a folder at most 200 files. Split" +
				" a file: all files of the folder are read together.",
		},
		{
			CodeSyntax, "this is not YAML",
			"The file cannot be parsed from this place on. The usual causes are a quote that is" +
				" not closed, a tab used to indent, a line that is indented differently from its" +
				" neighbours, and a text with a colon, '#' or '{' that needs quotes.",
		},
		{
			CodeDocuments, "several documents in one file",
			"A line of three dashes starts another YAML document. One file is one document;" +
				" move the rest to a file of its own.",
		},
		{
			CodeReference, "anchors, aliases, merge keys and tags are not used here",
			"'&name', '*name', '<<' and '!tag' make a file mean something else than it shows," +
				" and a text such as *900# is taken for one of them unless it is in quotes." +
				" Put the text in quotes, or write the value out.",
		},
		{
			CodeTooDeep, "nested too deep",
			"Maps and lists may be within each other at most 32 deep. No menu needs more than" +
				" six, so a bracket is probably missing or doubled.",
		},
		{
			CodeDuplicateKey, "a key twice in one map",
			"YAML would silently keep one of the two values. Remove one, or rename it.",
		},
		{
			CodeUnknownKey, "a key that means nothing here",
			"Usually a slip of the finger, or a key of another kind of state. An unquoted text" +
				" with a comma inside {…} is cut in two by YAML and its rest becomes a key:" +
				" quote the text.",
		},
		{
			CodeKind, "a value of the wrong shape",
			"A map (key: value), a list ([a, b] or lines that begin with '-') and a text are" +
				" different things, and this place needs another one than it has.",
		},
		{
			CodeKey, "a key must be a word",
			"A map's key is a plain or quoted word on one line, not a list, a map or nothing.",
		},
		{
			CodeEncoding, "the file is not clean UTF-8",
			"Save the file as UTF-8 without control characters. A byte order mark is accepted.",
		},
		{
			CodeFileName, "a file that would be passed over",
			"Only files whose names end in .yaml are read. A file of the folder that ends in .yml" +
				" or .YAML is one that somebody takes to be part of the menu: rename it, or" +
				" move it elsewhere.",
		},
	}
}
