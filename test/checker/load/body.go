package load

import (
	"strconv"
	"strings"

	"github.com/jetcmq/jetcmq/test/checker/history"
)

// body is what the numbered message says. It is hard to take for another's, of
// different lengths, and now and then large.
func body(number int) string {
	n, times := strconv.Itoa(number), number%40
	if number%499 == 0 {
		times = 1500
	}
	return n + ":" + strings.Repeat(n+" 你好+&=%", times)
}

// numberOf is the number of the message with that body, or Foreign.
func numberOf(text string) int {
	digits, _, _ := strings.Cut(text, ":")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || body(n) != text {
		return history.Foreign
	}
	return n
}
