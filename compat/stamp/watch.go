package stamp

import (
	"context"
	"sync"
	"time"
)

// Watch reads files again while a server runs.
type Watch struct {
	// Read reads the files if they have changed, or failing tells that it did not work the last time. read is false
	// when it has read nothing. After an error what was read before stays.
	Read func(failing bool) (read bool, err error)
	// Told is told that they were read (nil), or why they cannot be used: of the same error in a row once.
	Told func(err error)

	last   string             // the error that was told last; of who calls Look
	cancel context.CancelFunc // nil before Start
	wg     sync.WaitGroup
}

// Start looks at the files every so often from now on. Once; Stop has to follow.
func (w *Watch) Start(every time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	w.wg.Go(func() {
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				w.Look()
			}
		}
	})
}

// Stop ends what Start began; without that it does nothing.
func (w *Watch) Stop() {
	if w.cancel != nil {
		w.cancel()
		w.wg.Wait()
	}
}

// Look looks once. Not beside Start.
func (w *Watch) Look() {
	read, err := w.Read(w.last != "")
	if !read {
		return
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text == "" || text != w.last {
		w.Told(err)
	}
	w.last = text
}
