// Package process is the whole program but its command line: it reads the
// settings, opens the rooms below by them, and serves until it is told to stop.
//
//	c, err := process.Load([]string{"JETCMQ_ADDR=127.0.0.1:0", "JETCMQ_DATA_DIR=" + dir})
//	err = process.Run(ctx, c, slog.Default(), func(p process.Place) { fmt.Println(p.Endpoint) })
package process
