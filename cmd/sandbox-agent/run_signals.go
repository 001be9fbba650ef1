package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// endSignals are those that ask the program to end. A hang-up does unless the
// program was told to outlive its terminal, as nohup does.
func endSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// impatient tells whether a signal that is not the first one asks the program
// to end at once. A terminal that goes says so more than once.
func impatient(again os.Signal) bool { return again != syscall.SIGHUP }

// watchInterrupts closes first at the first signal that asks the program to
// end, and calls again at the next one. stop ends the watch.
//
// A write to a closed pipe becomes an error, too. Its signal is caught rather
// than ignored, which the agents would inherit.
func watchInterrupts(again func()) (first <-chan struct{}, stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, endSignals()...)
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	asked, over := make(chan struct{}), make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-over:
				return
			case s := <-signals:
				switch {
				case n == 0:
					close(asked)
				case impatient(s):
					again()
				}
			}
		}
	})
	return asked, func() {
		close(over)
		watch.Wait()
		signal.Stop(signals)
		signal.Stop(pipes)
	}
}
