package seeds

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/jetcmq/jetcmq/adapter/spelling"
)

// MaxFile is how many bytes a seeds file may have.
const MaxFile = 1 << 20

// document reads the one YAML document there may be; nil if there is none. Of
// YAML it takes mappings, lists and single values, and of values what is
// written: `no` is a text, not a boolean.
func (fs *faults) document(data []byte) *yaml.Node {
	if len(data) > MaxFile {
		fs.add(position{}, "the file has more than %d bytes", MaxFile)
		return nil
	}
	if line := notText(data); line > 0 {
		fs.add(position{line, 1}, "this is not text in UTF-8")
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		fs.syntax(err)
		return nil
	}
	var root, second yaml.Node
	if err := loader.Load(&root); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		fs.syntax(err)
		return nil
	}
	if err := loader.Load(&second); err == nil {
		fs.add(positionOf(&second), "a second document begins here: put everything into one, without ---")
	} else if !errors.Is(err, io.EOF) {
		fs.syntax(err)
	}
	if fs.simple(&root); len(fs.all) > 0 || len(root.Content) != 1 {
		return nil
	}
	return root.Content[0]
}

// notText is the first line with something that is not UTF-8, or controls a
// terminal; 0 if there is none.
func notText(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && n == 1, r < ' ' && r != '\t' && r != '\r', r == 0x7f:
			return line
		}
		data = data[n:]
	}
	return 0
}

// syntax tells what the library found.
func (fs *faults) syntax(err error) {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		fs.add(position{}, "%s", err)
		return
	}
	message := load.Message
	if strings.Contains(message, "cannot start any token") || strings.Contains(message, "tab character") {
		message += " (YAML is indented with blanks, not with tabs)"
	}
	fs.add(position{load.Mark.Line, max(load.Mark.Column, 1)}, "this is not YAML: %s", message)
}

// simple refuses what makes a file mean something else than it seems to:
// anchors, aliases, merge keys, tags.
func (fs *faults) simple(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		fs.add(positionOf(n), "*%s is an alias, which a seeds file may not have: write out what it stands for", n.Value)
	case n.Anchor != "":
		fs.add(positionOf(n), "&%s is an anchor, which a seeds file may not have", n.Anchor)
	case n.Tag == "!!merge":
		fs.add(positionOf(n), "<< merges, which a seeds file may not: write out what it stands for")
	case n.Style&yaml.TaggedStyle != 0:
		fs.add(positionOf(n), "%s is a tag, which a seeds file may not have: quote a text if need be", n.ShortTag())
	}
	if len(fs.all) > maxFaults {
		return
	}
	for _, c := range n.Content {
		fs.simple(c)
	}
}

// entry is a key of a mapping and what it holds.
type entry struct {
	key  string
	at   position // of the key
	node *yaml.Node
}

// entries lists a mapping whose keys are among known, or any if known is nil.
func (fs *faults) entries(n *yaml.Node, what string, known []string) []entry {
	if n.Kind != yaml.MappingNode {
		fs.add(positionOf(n), "%s must be a mapping, as in `name: value`", what)
		return nil
	}
	var all []entry
	seen := map[string]position{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		e := entry{k.Value, positionOf(k), v}
		switch first, again := seen[e.key]; {
		case k.Kind != yaml.ScalarNode:
			fs.add(e.at, "a key of %s must be a single word", what)
			continue
		case again:
			fs.add(e.at, "%s stands here twice, first in line %d", shown(e.key), first.line)
			continue
		case known != nil && !slices.Contains(known, e.key):
			fs.add(e.at, "%s is not known here: did you mean %s? (%s can have %s)",
				shown(e.key), spelling.Nearest(e.key, known), what, strings.Join(known, ", "))
			continue
		}
		seen[e.key] = e.at
		all = append(all, e)
	}
	return all
}

// elements lists a list; nothing at all is an empty one, since people comment
// out what is in it.
func (fs *faults) elements(e entry) []*yaml.Node {
	switch {
	case empty(e.node):
		return nil
	case e.node.Kind != yaml.SequenceNode:
		fs.add(e.at, "%s must be a list, whose elements begin with a dash", e.key)
		return nil
	}
	return e.node.Content
}

// value gives a single value as it is written.
func (fs *faults) value(n *yaml.Node, at position, what string) (string, bool) {
	switch {
	case empty(n):
		fs.add(at, "%s has no value: give it one or leave it out (null as a text is \"null\")", what)
		return "", false
	case n.Kind != yaml.ScalarNode:
		fs.add(at, "%s must be a single value", what)
		return "", false
	}
	return n.Value, true
}

func empty(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
