package topics

import "time"

// Hasty makes a broker's keeper look at everything all the time.
func Hasty(c Config) Config {
	c.lookEvery = time.Millisecond / 2
	return c
}

// Wait is how long after an attempt the next one comes.
var Wait = wait
