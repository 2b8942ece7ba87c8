package menudiff

// FieldGrade is the grade of a change of a field of the catalogue.
func FieldGrade(path string) Grade { return fieldNamed(path).grade }
