package mapping

// Time is a moment in Unix seconds; product tdmq counts it in milliseconds.
type Time int64

// TDMQ is the time as product tdmq counts it.
func (t Time) TDMQ() int64 { return int64(t) * 1000 }
