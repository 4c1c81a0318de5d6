//go:build !race

package routing_test

const pairs = 1_000_000
