package process

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// A directory of the host that is mounted into a container is mostly root's.
func TestWhoseDataDirectory(t *testing.T) {
	t.Parallel()
	got := explainStart(fmt.Errorf("lock it: %w", fs.ErrPermission), Config{DataDir: "/data"}).Error()
	want := fmt.Sprintf("JETCMQ_DATA_DIR=/data: lock it: permission denied; give that directory to the user %d, who runs this", os.Getuid())
	if !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}
