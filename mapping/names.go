package mapping

import (
	"strings"
)

// QueueName is a queue's name as its creator wrote it: a letter, then letters,
// digits, '-' and '_', 64 at most. Names that differ only in case are one name.
type QueueName string

// UnmarshalText accepts a legal name and refuses every other with ErrQueueName.
func (n *QueueName) UnmarshalText(text []byte) error {
	if !legalName(string(text)) {
		return ErrQueueName
	}
	*n = QueueName(text)
	return nil
}

func legalName(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '_')) {
			return false
		}
	}
	return true
}

// key is the name's canonical form: names are one when their keys are.
func (n QueueName) key() string { return strings.ToLower(string(n)) }
