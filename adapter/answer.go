package adapter

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// appendText appends s as a JSON text.
func appendText(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(b, quote(s)...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// quote is for texts that need escapes. It leaves '&' and '<' alone.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // of a string cannot fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// write sends an answer. The status is always 200: SDKs look no further at
// others. With flush it also waits until the operating system has the answer.
func write(w http.ResponseWriter, body []byte, contentType []string, flush bool) error {
	w.Header()["Content-Type"] = contentType
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(http.StatusOK)
	if _, err := w.Write(body); err != nil || !flush {
		return err
	}
	if inner, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		w = inner.Unwrap() // gin's own Flush keeps the error to itself
	}
	err := http.NewResponseController(w).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return nil // somebody's wrapper: it has the answer, and it is not for us to doubt it
	}
	return err
}
