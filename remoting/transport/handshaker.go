package transport

import (
	"iter"
	"runtime"
	"sync"
	"time"
)

// handshaker computes the handshakes of an engine's accepted connections: arithmetic that takes long, that the library
// cannot interrupt, and that anybody may ask for. It does so on one thread for every two processors, which the kernel
// lets wait while others have something to do (lowPriority): a flood of handshakes delays handshakes. A handshake that
// waits for its peer is a coroutine that its thread has left, so their number costs no threads.
type handshaker struct {
	workers []*shaker // immutable
	next    int       // worker of the next handshake; guarded by mu
	mu      sync.Mutex
}

// shaker is one such thread, there from its first handshake on.
type shaker struct {
	mu      sync.Mutex
	more    sync.Cond
	ready   []*tlsSocket // that can go on; guarded by mu
	running bool         // guarded by mu
	closed  bool         // guarded by mu

	begun map[*tlsSocket]struct{} // and not over; of the thread
	share share                   // of the thread
}

// share is how long a thread may compute: a quarter of the time, and shakeBurst at once. A handshake costs as much
// again on event loops and in the kernel, and what it leaves behind has to be collected, while everybody waits.
type share struct {
	left time.Duration // that it may compute yet
	at   time.Time     // when that was so
}

const (
	shakeBurst = time.Second // of computing: some 2,000 clients that come back together
	shakeShare = 4
)

// pause notes that the thread has computed from begin to end, and is how long it has to rest.
func (s *share) pause(begin, end time.Time) time.Duration {
	s.left = min(shakeBurst, s.left+end.Sub(s.at)/shakeShare) - end.Sub(begin)
	s.at = end
	return max(0, -shakeShare*s.left)
}

func newHandshaker(cpus int) *handshaker {
	h := &handshaker{}
	for range max(1, cpus/2) {
		w := &shaker{begun: map[*tlsSocket]struct{}{}}
		w.more.L = &w.mu
		h.workers = append(h.workers, w)
	}
	return h
}

// worker chooses who computes a handshake, all of it. Any goroutine.
func (h *handshaker) worker() *shaker {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next = (h.next + 1) % len(h.workers)
	return h.workers[h.next]
}

// close ends all handshakes and the threads, and does not wait for that. Any goroutine, more than once.
func (h *handshaker) close() {
	for _, w := range h.workers {
		w.mu.Lock()
		w.closed = true
		w.mu.Unlock()
		w.more.Broadcast()
	}
}

// add says that a handshake can go on, or begin. Any goroutine.
func (w *shaker) add(s *tlsSocket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return // the engine ends, and its connections with it
	}
	w.ready = append(w.ready, s)
	if !w.running {
		w.running = true
		go w.run()
	}
	w.more.Signal()
}

func (w *shaker) run() {
	runtime.LockOSThread() // for good: the thread ends with the goroutine, and its priority with it
	lowPriority()
	var list []*tlsSocket
	for {
		w.mu.Lock()
		for len(w.ready) == 0 && !w.closed {
			w.more.Wait()
		}
		list, w.ready = w.ready, list[:0]
		closed := w.closed
		w.mu.Unlock()
		if closed {
			break
		}
		for i, s := range list {
			begin := time.Now()
			w.step(s)
			list[i] = nil
			w.rest(w.share.pause(begin, time.Now()))
		}
	}
	for s := range w.begun {
		for s.end(); !w.step(s); {
		}
	}
}

// rest lets others have the processor. Short rests are not worth the change of threads: they come together.
func (w *shaker) rest(d time.Duration) {
	if d >= time.Millisecond {
		time.Sleep(d)
	}
}

// step computes until the handshake waits for its peer or is over.
func (w *shaker) step(s *tlsSocket) (over bool) {
	if s.resume == nil {
		s.resume, _ = iter.Pull(s.shake)
		w.begun[s] = struct{}{}
	}
	if _, waits := s.resume(); waits {
		return false
	}
	delete(w.begun, s)
	s.shaken()
	return true
}
