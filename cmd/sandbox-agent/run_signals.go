package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// watchInterrupts closes first at the first signal that asks the program to
// end, and calls again at the next one. stop ends the watch.
//
// A write to a closed pipe becomes an error, too. Its signal is caught rather
// than ignored, which the agents would inherit.
func watchInterrupts(again func()) (first <-chan struct{}, stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	asked, over := make(chan struct{}), make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-over:
				return
			case <-signals:
				if n == 0 {
					close(asked)
				} else {
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
