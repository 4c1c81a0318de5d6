package spelling

import "testing"

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"ADDRESS", "ADDR", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	choices := []string{"queues", "topics", "accounts"}
	for word, want := range map[string]string{"queue": "queues", "topic": "topics", "acounts": "accounts", "topics": "topics"} {
		if got := Nearest(word, choices); got != want {
			t.Errorf("%s: got %s, want %s", word, got, want)
		}
	}
	if got := Nearest("word", nil); got != "" {
		t.Errorf("got %s of no choices", got)
	}
}
