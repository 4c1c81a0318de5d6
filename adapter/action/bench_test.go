package action

import (
	"reflect"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
)

// sendAsSent is a SendMessage as the Python SDK puts it on the wire.
func sendAsSent(body string) []Pair {
	return []Pair{
		{"queueName", "orders"}, {"msgBody", body}, {"delaySeconds", "0"},
		{"Action", "SendMessage"}, {"RequestClient", "SDK_Python_1.3"}, {"SecretId", "AKIDexample"},
		{"Nonce", "7223833045415515775"}, {"Timestamp", "1795403365"},
		{"SignatureMethod", "HmacSHA1"}, {"Signature", "BUD0NYoMoC8ad3juOHqcO24Aqr4="},
	}
}

func BenchmarkBindSend(b *testing.B) {
	pairs := sendAsSent(strings.Repeat("0123456789abcdef", 64))
	in := reflect.New(SendMessage.input).Elem()
	b.ReportAllocs()
	for b.Loop() {
		if err := SendMessage.in[Legacy].Bind(pairs, in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeReceive(b *testing.B) {
	out := struct {
		mapping.Message
		handedOut
	}{Message: mapping.Message{
		Body: strings.Repeat("0123456789abcdef", 64), ID: "1152921504606846976", Handle: strings.Repeat("h", 80),
		Enqueued: 1795403365, NextVisible: 1795403395, FirstDequeued: 1795403365, Dequeues: 1,
	}}
	v := reflect.ValueOf(&out).Elem()
	b.ReportAllocs()
	for b.Loop() {
		if len(ReceiveMessage.out[Legacy].Append(nil, v)) < 1024 {
			b.Fatal("too short")
		}
	}
}
