// Package transcript reads and runs transcripts of dialogues: text files that say what a
// subscriber types, what the handset shows, and what becomes of the money. The same file runs in
// process and over SMPP; where it runs is the World's business.
//
// The package knows no wallet and no link. It starts no goroutines.
package transcript
