package biller

import "time"

// GiveUpAfter is how long a payment whose fate is unknown is repeated, counted from the first try.
// After it a person has to find out.
const GiveUpAfter = 24 * time.Hour

// RetryAfter is how long to wait after try number attempt, counted from 1, before the next one with
// the same Txn: 1, 2, 5, 15, 60, 120 s, and 5 minutes from then on. jitter, 0 to 1, takes up to a
// quarter off, so that payments which failed together are not repeated together. What is out of
// range counts as the nearest that is not.
func RetryAfter(attempt int, jitter float64) time.Duration {
	pauses := []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute,
		2 * time.Minute, 5 * time.Minute,
	}
	pause := pauses[min(max(attempt, 1), len(pauses))-1]
	if !(jitter > 0) { // NaN too
		return pause
	}
	return pause - time.Duration(min(jitter, 1)*float64(pause/4))
}
