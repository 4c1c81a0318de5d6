package adapter

import (
	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

// code3 is act.Code3(e) as soon as actions have it.
func code3(act *action.Action, e *mapping.Error) string {
	if own, ok := any(act).(interface{ Code3(*mapping.Error) string }); ok {
		return own.Code3(e)
	}
	return e.V3
}
