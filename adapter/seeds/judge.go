package seeds

import (
	"errors"
	"maps"
	"strconv"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

// widest is the API by which everything is done: its ranges are the widest.
const widest = action.TDMQ

// judge finds what does not go together in one account.
func (r *reader) judge(c *content) {
	for _, q := range c.queues {
		r.judgePolicy(q)
		r.together(q)
	}
	r.judgeBindings(c.queues, nil)
	for _, t := range c.topics {
		for _, s := range t.subs {
			r.judgeFilters(s)
			r.together(s)
		}
	}
}

func (r *reader) judgePolicy(q *resource) {
	dead := q.said(policyQueue)
	if dead != nil && dead.value[0] != "" {
		r.judgeNumbers(q, dead.at)
	}
	for _, name := range []string{policyKind, maxReceiveCount, maxTimeToLive} {
		if s := q.said(name); s != nil && dead == nil {
			r.add(s.at, "%s needs %s", deadLetterPolicy, policyQueue)
			return
		}
	}
}

// judgeBindings knows what the service would find out only in the middle: whose
// dead letters may go where. bound tells, by key, where they go on the server.
func (fs *faults) judgeBindings(queues []*resource, bound map[string]string) {
	bound = maps.Clone(bound)
	if bound == nil {
		bound = map[string]string{}
	}
	says := map[string]*said{}
	for _, q := range queues {
		if s := q.said(policyQueue); s != nil {
			says[key(q.name)] = s
			bound[key(q.name)] = key(s.value[0])
		}
	}
	sources := map[string]int{}
	foreign := map[string]string{} // queues whose use as dead-letter queue the file does not speak of, and a user of each
	for source, dead := range bound {
		sources[dead]++
		if says[source] == nil {
			foreign[dead] = source
		}
	}
	for _, q := range queues {
		s := says[key(q.name)]
		if s == nil || s.value[0] == "" {
			continue
		}
		switch dead := key(s.value[0]); {
		case dead == key(q.name):
			fs.add(s.at, "a queue cannot be its own dead-letter queue")
		case bound[dead] != "":
			fs.add(s.at, "%s cannot be a dead-letter queue: it has one itself, %s", s.value[0], bound[dead])
		case foreign[key(q.name)] != "":
			fs.add(s.at, "%s cannot have a dead-letter queue: it is that of %s", q.name, foreign[key(q.name)])
		case sources[dead] > mapping.MaxDLSources:
			fs.add(s.at, "%s would be the dead-letter queue of %d queues, more than %d", s.value[0], sources[dead], mapping.MaxDLSources)
		}
	}
}

// judgeNumbers sees to it that the policy has the number that it goes by, and
// not the other.
func (r *reader) judgeNumbers(q *resource, at position) {
	kind := q.said(policyKind)
	if kind == nil {
		r.add(at, "%s needs policy: 0 (received too often, see maxReceiveCount) or 1 (too old, see maxTimeToLive)", deadLetterPolicy)
		return
	}
	needs, other := maxReceiveCount, maxTimeToLive
	if kind.value[0] == strconv.Itoa(mapping.ByAge) {
		needs, other = other, needs
	}
	if q.said(needs) == nil {
		r.add(kind.at, "policy %s needs %s", kind.value[0], needs)
	}
	if s := q.said(other); s != nil {
		r.add(s.at, "%s means nothing with policy %s: leave it out", other, kind.value[0])
	}
}

// judgeFilters refuses a filter that its topic does not look at.
func (r *reader) judgeFilters(s *resource) {
	useful, useless := filterTags, bindingKeys
	byKey := s.of.value("filterType") == strconv.Itoa(mapping.FilterKey)
	if byKey {
		useful, useless = useless, useful
	}
	if v := s.said(useless); v != nil && len(v.value) > 0 {
		r.add(v.at, "%s means nothing here: the topic %s has filterType %s, so that %s counts",
			useless, s.of.name, s.of.value("filterType"), useful)
	}
	if v := s.said(useful); byKey && (v == nil || len(v.value) == 0) {
		r.add(s.place(useful), "a subscription of a topic with filterType 2 needs %s; # lets everything through", bindingKeys)
	}
}

// together asks the action that would make the resource what it has against it.
func (fs *faults) together(s *resource) {
	complete := true
	for i := range s.attributes {
		if a := &s.attributes[i]; s.said(a.name) == nil && s.declared(a, widest).Required {
			fs.add(s.at, "this %s needs %s", s.noun, a.name)
			complete = false
		}
	}
	if !complete {
		return
	}
	if err := s.create.Check(action.Params{API: widest, Pairs: s.creation()}); err != nil {
		fs.blame(s, err)
	}
}

// blame adds what an action has against a resource to the faults, at the line
// that it is about.
func (fs *faults) blame(s *resource, err error) {
	about := ""
	switch {
	case errors.Is(err, mapping.ErrEndpoint), errors.Is(err, mapping.ErrEndpointBlank), errors.Is(err, mapping.ErrEndpointFormat):
		about = "endpoint"
	case errors.Is(err, mapping.ErrParameters), errors.Is(err, mapping.ErrNoQueue):
		about = policyQueue
	case errors.Is(err, mapping.ErrRewindOverRetain):
		fs.add(s.place("rewindSeconds"), "%s", words(err))
		return
	}
	if v := s.said(about); v != nil {
		fs.add(v.at, "%s: %s", about, v.reason(v.value[0], s.declared(v.attribute, widest), err))
		return
	}
	fs.add(s.at, "%s %s: %s", s.noun, s.name, words(err))
}
