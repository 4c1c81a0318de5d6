package main

// An image from scratch has neither of these; a system that has them is asked
// first.
import (
	_ "time/tzdata" // for TZ, which the log's times follow

	_ "golang.org/x/crypto/x509roots/fallback" // for pushes by https
)
