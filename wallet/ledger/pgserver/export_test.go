package pgserver

// NeedAfter is Need after Available has returned an error.
var NeedAfter = need
