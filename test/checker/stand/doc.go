// Package stand runs the program under test as users run it: real processes, on
// fixed addresses, with their data in one directory. Whoever makes faults does it
// to these processes and to the network between them.
//
//	binary, err := stand.Build(ctx, dir)
//	s, err := stand.Embedded(ctx, stand.Options{Binary: binary, Dir: dir})
//	defer s.Close()
//	err = s.WaitReady(ctx)
//	s.Adapters[0].Kill()
package stand
