package mapping

import "testing"

func TestErrorNamed(t *testing.T) {
	t.Parallel()
	e := ErrNoTopic.Named("ResourceNotFound")
	if e.V3 != "ResourceNotFound" || ErrNoTopic.V3 != "ResourceNotFound.Topic" || !e.Is(ErrNoTopic) || e.Error() != ErrNoTopic.Error() {
		t.Errorf("got %+v, want a copy with another name", e)
	}
}
