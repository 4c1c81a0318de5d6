package fields

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// roomBehind is left behind a text when the buffer grows for it: enough for the
// other members of a received message, so that one body means one growth.
const roomBehind = 384

// appendString writes s as a JSON string, with nothing escaped that JSON does
// not ask for. Bytes that are no UTF-8 (native publishers may store any) become
// U+FFFD, since JSON has no other way to hold them.
func appendString(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if cap(dst)-len(dst) < len(s)+2 {
		dst = slices.Grow(dst, len(s)+roomBehind)
	}
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			dst = appendEscape(append(dst, s[done:i]...), c)
			done = i + 1
		}
	}
	return append(append(dst, s[done:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	default:
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	}
}
