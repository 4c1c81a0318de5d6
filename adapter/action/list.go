package action

import (
	"strings"

	"github.com/jetcmq/jetcmq/adapter/action/fields"
	"github.com/jetcmq/jetcmq/mapping"
)

// page chooses a part of a list.
type page struct {
	Offset int       `cmq:"offset" range:"0.." default:"0"`
	Limit  pageLimit `cmq:"limit" range:"0..50" default:"20"`
}

// pageLimit is the length of a page; asking for more than the longest gives that.
type pageLimit int

func (pageLimit) Outside(n int64, of fields.Bounds) (int64, error) {
	if n < of.Lo {
		return 0, mapping.ErrOutOfRange
	}
	return of.Hi, nil
}

// queueList is a page of queues and how many there are in all.
type queueList struct {
	Total  int                `cmq:"totalCount"`
	Queues []mapping.QueueRef `cmq:"queueList" v3:"QueueSet"`
}

// filter is API 3.0's general way to ask for a part of a list.
type filter struct {
	Name   string   `v3:"Name"`
	Values []string `v3:"Values" default:""`
}

// wordFilters are product cmq's: one of them has one value, a part of a name.
type wordFilters []filter

// word is what is asked for by the filter of that name.
func (fs wordFilters) word(name string) string {
	for _, f := range fs {
		if f.Name == name && len(f.Values) > 0 {
			return f.Values[0]
		}
	}
	return ""
}

// tagFilters are product tdmq's: each is called tag: and a tag's key.
type tagFilters struct {
	On      bool     `v3:"IsTagFilter" default:"false"`
	Filters []filter `v3:"Filters" default:""`
}

// tags is what is asked for; nothing unless filters are switched on, because
// Terraform sends them switched off.
func (t tagFilters) tags() (all []mapping.TagFilter) {
	for _, f := range t.Filters {
		if key, ok := strings.CutPrefix(f.Name, "tag:"); ok && t.On {
			all = append(all, mapping.TagFilter{Key: key, Values: f.Values})
		}
	}
	return all
}

// nameList is a list of whole names.
type nameList[T ~string] []T

func (nameList[T]) Most() (int, error) { return 50, mapping.ErrBatchSize }

// exactly asks for one name, if there is one.
func exactly[T ~string](name *T) []string {
	if name == nil {
		return nil
	}
	return []string{string(*name)}
}

// havingTag asks for a tag, if one is named.
func havingTag(key string) []mapping.TagFilter {
	if key == "" {
		return nil
	}
	return []mapping.TagFilter{{Key: key}}
}
