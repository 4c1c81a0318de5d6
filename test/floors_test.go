// Package test judges the whole from outside.
package test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/jetcmq/jetcmq"

// room is a directory of packages: which rooms below it may look into, and
// which libraries live in it and nowhere else.
type room struct{ rooms, libraries []string }

// floors is the drawing of ARCHITECTURE.md. A room may only look downwards.
var floors = map[string]room{
	"mapping/embedded": {nil, []string{"github.com/nats-io/nats-server/v2", "github.com/gofrs/flock"}},
	"mapping":          {nil, nil},
	"mapping/routing":  {nil, nil},
	"mapping/jet":      {nil, natsClient},
	"mapping/queues":   {[]string{"mapping", "mapping/jet"}, natsClient},
	"mapping/topics":   {[]string{"mapping", "mapping/jet", "mapping/queues", "mapping/routing"}, natsClient},
	"mapping/account":  {[]string{"mapping/jet", "mapping/queues", "mapping/topics"}, nil},
	"adapter/action":   {[]string{"adapter/action/fields", "mapping", "mapping/account"}, nil},
	"adapter":          {[]string{"adapter/action", "mapping", "mapping/account"}, []string{"github.com/gin-gonic/gin"}},
	"adapter/push":     {[]string{"mapping"}, nil},
	"adapter/seeds": {[]string{"adapter/action", "adapter/action/fields", "adapter/spelling", "mapping", "mapping/account"},
		[]string{"go.yaml.in/yaml/v4"}},
	"adapter/spelling": {nil, nil},

	"adapter/action/fields": {[]string{"mapping"}, nil},

	"cmd/process": {[]string{"adapter", "adapter/push", "adapter/seeds", "adapter/spelling", "mapping", "mapping/account", "mapping/embedded", "mapping/jet", "mapping/queues", "mapping/topics"},
		[]string{"github.com/caarlos0/env/v11", "github.com/lmittmann/tint"}},
	"cmd/balance": {nil, nil},
	"cmd/jetcmq":  {[]string{"cmd/balance", "cmd/process"}, []string{"github.com/spf13/cobra", "golang.org/x/crypto/x509roots/fallback"}},

	// Apart: users import it, so it needs nothing of ours.
	"functions":                  {nil, nil},
	"functions/examples/beside":  {[]string{"functions", "adapter", "adapter/push", "mapping", "mapping/account", "mapping/embedded", "mapping/jet", "mapping/topics"}, nil},
	"functions/examples/count":   {[]string{"functions"}, nil},
	"functions/examples/forward": {[]string{"functions"}, nil},
	"functions/examples/log":     {[]string{"functions"}, nil},
}

var natsClient = []string{"github.com/nats-io/nats.go", "github.com/nats-io/nuid"}

// tests may also run a server, and look at it as a native client does.
var tests = room{[]string{"mapping/embedded", "mapping", "mapping/jet", "mapping/queues", "mapping/account"}, []string{"github.com/nats-io/nats.go", "github.com/nats-io/nats-server/v2"}}

func TestFloors(t *testing.T) {
	t.Parallel()
	root := ".."
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "testdata" || strings.HasPrefix(name, ".") && name != root) {
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(root, file)
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ".go") {
			checkFile(t, file, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkFile(t *testing.T, file, rel string) {
	t.Helper()
	dir := path.Dir(rel)
	if dir == "test" || strings.HasPrefix(dir, "test/") {
		return // may look at everything
	}
	here, ok := floors[dir]
	if !ok {
		t.Errorf("%s is in a room that test/floors_test.go does not know: give it a floor there", rel)
		return
	}
	syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, i := range syntax.Imports {
		name, _ := strconv.Unquote(i.Path.Value)
		if !here.allows(name) && !(strings.HasSuffix(rel, "_test.go") && (tests.allows(name) || name == module+"/"+dir)) {
			t.Errorf("%s imports %s, which its floor may not", rel, name)
		}
	}
}

// allows judges an import: the standard library is for everybody.
func (r room) allows(name string) bool {
	if own, ok := strings.CutPrefix(name, module); ok {
		return slices.Contains(r.rooms, strings.TrimPrefix(own, "/"))
	}
	host, _, _ := strings.Cut(name, "/")
	return !strings.Contains(host, ".") || slices.ContainsFunc(r.libraries, func(l string) bool {
		return name == l || strings.HasPrefix(name, l+"/")
	})
}

// TestNoCycles keeps the drawing honest: no room may be above itself.
func TestNoCycles(t *testing.T) {
	t.Parallel()
	for name := range floors {
		for _, below := range floors[name].rooms {
			if reaches(below, name, len(floors)) {
				t.Errorf("%s and %s are above each other", name, below)
			}
		}
	}
}

func reaches(from, to string, steps int) bool {
	if from == to || steps == 0 {
		return true
	}
	return slices.ContainsFunc(floors[from].rooms, func(next string) bool { return reaches(next, to, steps-1) })
}

func TestAllows(t *testing.T) {
	t.Parallel()
	r := floors["adapter"]
	for name, want := range map[string]bool{
		"net/http": true, module + "/mapping": true, module + "/mapping/embedded": false, module + "/cmd/jetcmq": false, module + "/test": false,
		"github.com/gin-gonic/gin": true, "github.com/gin-gonic/gin/binding": true, "github.com/gin-gonic/gintonic": false, "github.com/nats-io/nats.go": false,
	} {
		if got := r.allows(name); got != want {
			t.Errorf("adapter may import %s: got %v, want %v", name, got, want)
		}
	}
}
