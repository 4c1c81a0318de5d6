//go:build race

package routing_test

const pairs = 200_000 // the race detector makes them slow
