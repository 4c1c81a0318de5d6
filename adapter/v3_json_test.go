package adapter

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

func flattened(body string) ([]action.Pair, error) {
	q := new(request)
	err := q.addJSON(body)
	return q.pairs, err
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"":                                "",
		" \r\n\t":                         "",
		"{}":                              "",
		" { } ":                           "",
		`{"A":"x"}`:                       "A=x",
		`{"A":""}`:                        "A=",
		`{"A":null}`:                      "",
		`{"A":true,"B":false}`:            "A=true B=false",
		`{"A":0,"B":-1,"C":1.50,"D":1e3}`: "A=0 B=-1 C=1.50 D=1e3",
		`{"A":18446744073709551616}`:      "A=18446744073709551616",
		`{"A":1582108595000,"B":9007199254740993}`:     "A=1582108595000 B=9007199254740993",
		`{"FilterTag":["red","蓝"]}`:                    "FilterTag.0=red FilterTag.1=蓝",
		`{"FilterTag":[]}`:                             "",
		`{"FilterTag":["a",null,"c"]}`:                 "FilterTag.0=a FilterTag.2=c",
		`{"Filters":[{"Name":"n","Values":["a",2]}]}`:  "Filters.0.Name=n Filters.0.Values.0=a Filters.0.Values.1=2",
		`{"Filters":[{},{"Name":"n"}]}`:                "Filters.1.Name=n",
		`{"A":{"B":{"C":1}}}`:                          "A.B.C=1",
		`{"A":"x","A":"y"}`:                            "A=x",
		`{"A":["x"],"A":["y","z"],"B":1}`:              "A.0=x B=1",
		`{"A":null,"A":"x"}`:                           "",
		`{"A":[{"B":1,"B":2},{"B":3}]}`:                "A.0.B=1 A.1.B=3",
		`{"A":{"B":1},"A":{"C":2}}`:                    "A.B=1",
		`{"A":"\u4f60\n\"\u0026<\ud83d\ude00"}`:        "A=你\n\"&<😀",
		`{"A":"\\ud83d\ufffd"}`:                        `A=\ud83d` + "\ufffd",
		`{"A":"\u0000"}`:                               "A=\x00",
		`{"":1,"a b":2}`:                               "=1 a b=2",
		`{"A":[[1,2],[3]]}`:                            "A.0.0=1 A.0.1=2 A.1.0=3",
		"{\"A\" :\r\n\t[ 1 , 2 ] }\n":                  "A.0=1 A.1=2",
		`{"A":` + nested(maxDepth-1) + `}`:             "A" + strings.Repeat(".0", maxDepth-1) + "=1",
		`{"` + strings.Repeat("n", maxName) + `":"x"}`: strings.Repeat("n", maxName) + "=x",
	} {
		pairs, err := flattened(body)
		var got []string
		for _, p := range pairs {
			got = append(got, p.Name+"="+p.Value)
		}
		if strings.Join(got, " ") != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", body, got, err, want)
		}
	}
}

func nested(lists int) string {
	return strings.Repeat("[", lists) + "1" + strings.Repeat("]", lists)
}

func TestBrokenJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"null", "1", `"{}"`, "[]", `[{"A":1}]`, "true", "x", "A=1&B=2", "\ufeff{}", "{", "}", "{]", `{"A"}`, `{"A":}`, `{"A":1`, `{"A":1,}`,
		`{"A":[1,]}`, `{"A":[1 2]}`, `{"A":[1}`, `{A:1}`, `{'A':1}`, `{"A":01}`, `{"A":+1}`, `{"A":1.}`, `{"A":NaN}`, `{"A":tru}`, `{"A":"x}`,
		`{"A":"\x"}`, `{"A":"\x"1}`, "{\"A\":\"\x01\"1}", `{"A":"\u12"}`, "{\"A\":\"\n\"}", `{"A":1}x`, `{"A":1}{}`, `{"A":1}&more=1`, `{"A":1 "B":2}`, `{"A" 1}`, `{,}`, `{1:2}`,
		`{null:1}`, `{"A":1,,"B":2}`, `{"A":1}]`, `{"A":--1}`, `{"A":/**/1}`, "{\x00}",
	} {
		if pairs, err := flattened(body); err != errBody || len(pairs) > 0 {
			t.Errorf("%q: got %v, %v", body, pairs, err)
		}
	}
}

// What no answer could give back is refused, rather than changed.
func TestJSONThatIsNoText(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"A":"\ud83d"}`, `{"A":"\ude00"}`, `{"A":"\ude00\ud83d"}`, `{"A":"\uD83D\ud83d\ude00"}`, `{"A":"x\ud83dx"}`, `{"A":"\ud83d\n"}`, `{"A":"\ud83d\\ude00"}`,
		`{"\udfff":1}`, `{"A":"\\\ud83d"}`, "{\"A\":\"\xff\"}", "{\"A\":\"\xe4\xbd\"}", "{\"\xc0\x80\":1}", "{\"A\":\"\xed\xa0\xbd\"}",
	} {
		if pairs, err := flattened(body); err != errText || len(pairs) > 0 {
			t.Errorf("%q: got %v, %v", body, pairs, err)
		}
	}
}

func TestJSONLimits(t *testing.T) {
	t.Parallel()
	list := func(n int, value string) string {
		return `{"A":[` + strings.TrimSuffix(strings.Repeat(value+",", n), ",") + `]}`
	}
	for name, body := range map[string]string{
		"values":         list(maxFields, "1"),
		"nulls":          list(100_000, "null"),
		"members":        "{" + strings.Repeat(`"A":1,`, maxFields) + `"A":1}`,
		"empty lists":    list(maxFields, "[]"),
		"depth":          `{"A":` + nested(maxDepth) + `}`,
		"great depth":    `{"A":` + nested(1_000_000) + `}`,
		"unclosed depth": `{"A":` + strings.Repeat(`[`, 1_000_000),
		"name":           `{"` + strings.Repeat("n", maxName+1) + `":"x"}`,
		"name's parts":   `{"` + strings.Repeat("n", maxName-1) + `":["x"]}`,
	} {
		if _, err := flattened(body); !errors.Is(err, mapping.ErrRequestSize) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if pairs, err := flattened(list(maxFields-1, "1")); len(pairs) != maxFields-1 || err != nil {
		t.Errorf("got %d pairs, %v", len(pairs), err)
	}
}

// TestParameters3 has parameters come in every way that clients have.
func TestParameters3(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct{ method, query, contentType, body, want string }{
		"JSON":                      {"POST", "", "application/json", `{"A":1}`, " A=1"},
		"JSON with a charset":       {"POST", "", "application/json; charset=utf-8", `{"A":1}`, " A=1"},
		"JSON without a type":       {"POST", "", "", `{"A":1}`, " A=1"},
		"JSON called a form (curl)": {"POST", "", form, "\n {\"A\":1}", " A=1"},
		"empty":                     {"POST", "", "application/json", "", ""},
		"form":                      {"POST", "", form, "A=1&B.0=x%20y", " A=1 B.0=x y"},
		"query":                     {"GET", "?A=1&B.0=x+y", form, "", " A=1 B.0=x y"},
		"query without a type":      {"GET", "?A=1", "", "", " A=1"},
		"query and JSON":            {"POST", "?A=1", "application/json", `{"B":2}`, " A=1 B=2"},
	} {
		r := v3Request(c.method, "http://h/"+c.query, "X", "2020-02-17", c.body)
		r.Header.Set("Content-Type", c.contentType)
		if got := ask3(t, wire(Config{}, echo3), r); got.Got != "TDMQ X"+c.want {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	r := v3Request(http.MethodPost, "http://h/", "X", "2020-02-17", "--x\r\n")
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	wantReply3(t, "multipart", ask3(t, wire(Config{}, echo3), r), errBody.V3, errBody.Text)
	r = httptest.NewRequest(http.MethodPost, "http://h/?Action=X&Version=2020-02-17", strings.NewReader(`{"A":1}`))
	if got := ask3(t, wire(Config{}, echo3), r); strings.Contains(got.Got, " A=1") {
		t.Errorf("JSON below a signature of parameters: got %+v", got)
	}
}

// FuzzJSON holds the reading against the standard library's: what one takes for
// an object the other does, and both find the same in it.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"A":["x",null,{"B":1e3}],"C":"\ud800"}`, `{"A":1,"A":[2]}`, "[]", `{"A":1}{`, "{\"A\":\"\xff\"}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		pairs, err := flattened(body)
		blank := strings.Trim(body, " \t\r\n") == ""
		decoder := json.NewDecoder(strings.NewReader(body))
		decoder.UseNumber()
		var want map[string]any
		object := decoder.Decode(&want) == nil && want != nil && json.Valid([]byte(body))
		switch {
		case err == nil && !object && !blank:
			t.Fatalf("took %q for %v", body, pairs)
		case err == errBody && object:
			t.Fatalf("refused %q", body)
		case err == errText && utf8.ValidString(body) && object && !strings.Contains(fmt.Sprint(want), "\ufffd"):
			t.Fatalf("found no text in %q", body)
		case err != nil || blank:
			return
		}
		if len(pairs) > maxFields {
			t.Errorf("got %d pairs", len(pairs))
		}
		text, _ := json.Marshal(want) // nothing twice
		pairs, err = flattened(string(text))
		expected, clear := walk(nil, "", want)
		if !clear || err != nil {
			return // a dot in a name, or names that grew by escapes
		}
		var got []string
		for _, p := range pairs {
			got = append(got, p.Name+"="+p.Value)
		}
		slices.Sort(got)
		slices.Sort(expected)
		if !reflect.DeepEqual(got, expected) {
			t.Errorf("%s: got %q, want %q", text, got, expected)
		}
	})
}

// walk lists what is in a decoded value; clear is false if names have dots.
func walk(list []string, name string, value any) (all []string, clear bool) {
	clear = true
	each := func(part string, inner any) {
		ok := !strings.Contains(part, ".")
		if name != "" {
			part = name + "." + part
		}
		var below bool
		list, below = walk(list, part, inner)
		clear = clear && ok && below && part != ""
	}
	switch v := value.(type) {
	case nil:
	case map[string]any:
		for key, inner := range v {
			each(key, inner)
		}
	case []any:
		for i, inner := range v {
			each(fmt.Sprint(i), inner)
		}
	default:
		list = append(list, fmt.Sprintf("%s=%v", name, v))
	}
	return list, clear
}
