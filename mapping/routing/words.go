package routing

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// How many words a message can have.
const (
	MaxTags  = 5
	MaxWords = 16 // of a routing key
)

// nothing stands where a token is needed and there is no text: as a tail for no
// words, as one of several tokens for an empty word. A key of one empty word does
// not exist, so the tail is never ambiguous.
const nothing = "%"

// SplitKey gives the words of a routing key or a binding key.
func SplitKey(key string) []string {
	if key == "" {
		return nil
	}
	return strings.Split(key, ".")
}

// Tail writes words as the last tokens of a subject. Different words have
// different tails, save that a single empty word, which neither tags nor keys
// have, is written as no words are. The longest, of 5 tags of 64 times U+FFFD, has
// 2,884 bytes; NATS takes lines of 4,096.
func Tail(words []string) string {
	if len(words) == 0 {
		return nothing
	}
	tokens := make([]string, len(words))
	for i, w := range words {
		tokens[i] = token(w)
	}
	return strings.Join(tokens, ".")
}

// Words reads a tail back. It understands every tail, also one that Tail does
// not write: what is no escape is read as it stands, no tail as no words.
func Words(tail string) []string {
	if tail == nothing {
		return nil
	}
	words := SplitKey(tail)
	for i, t := range words {
		words[i] = word(t)
	}
	return words
}

// token writes one word.
func token(word string) string {
	if word == "" {
		return nothing
	}
	var b strings.Builder
	for i, r := range word {
		if plain(r) {
			b.WriteRune(r)
			continue
		}
		_, n := utf8.DecodeRuneInString(word[i:])
		for _, c := range []byte(word[i : i+n]) {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// plain tells whether a character may stand for itself. RuneError is what
// ranging gives for bytes that are not UTF-8.
func plain(r rune) bool {
	return r > ' ' && r != 0x7F && r != utf8.RuneError && !strings.ContainsRune("%*.>", r)
}

// word reads one token.
func word(token string) string {
	if token == nothing {
		return ""
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		c := token[i]
		if c == '%' && i+2 < len(token) {
			high, low := strings.IndexByte(hex, token[i+1]), strings.IndexByte(hex, token[i+2])
			if high >= 0 && low >= 0 {
				c, i = byte(high<<4|low), i+2
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}
