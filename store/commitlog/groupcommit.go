package commitlog

import "time"

// Senders that wait for the disk come back together: those of a group are answered at once, and most of them send the
// next message right away. A flush that began with the first of them would be one of many small ones, each as long as a
// large one. So the flusher looks how many senders there are, those it has just answered and those who waited
// meanwhile, and gives them a moment to be there again.
//
// It is worth while for many senders only, and as long as they do come back: after a moment in vain the next flushes
// begin at once. A moment was in vain when it ended by its timer, and when many others came during the flush behind it:
// then messages come on their own time and not because of the answers.

const (
	// commitLeast is the number of senders below which nobody waits for others.
	commitLeast = 8
	// delayLimit is the longest moment, and delayShare how many times the last flush it is at most: a sender never
	// waits for long.
	delayLimit = time.Millisecond
	delayShare = 3
	// strangerShare is the share of a group, 1/strangerShare, that may come during its flush; more mean that there are
	// more senders than were seen, or that messages come on their own time: so it looks, after strangerRuns moments.
	strangerShare, strangerRuns = 3, 4
	// pauseFirstVain is how many flushes begin at once after a moment in vain; each further one doubles it up to
	// pauseMax.
	pauseFirstVain, pauseMax = 4, 1024
)

// groupCommit decides how long the flusher lets senders come together. The flusher's goroutine only.
type groupCommit struct {
	timer       *time.Timer // fires when the moment is over
	waits       bool        // a moment is on
	together    bool        // the group of this flush came together in its moment
	strangers   int         // moments on end with many others
	pause, next int         // flushes that begin at once; how many after the next moment in vain
}

func newGroupCommit() *groupCommit {
	g := &groupCommit{timer: time.NewTimer(time.Hour), next: pauseFirstVain}
	g.timer.Stop()
	return g
}

// begin starts the moment for want waiters behind a flush that took so long.
func (g *groupCommit) begin(want int, took time.Duration) {
	if want > 0 {
		g.waits = true
		g.timer.Reset(min(delayLimit, delayShare*took))
	}
}

// ended says that a flush begins: with those who were waited for, or because the moment is over.
func (g *groupCommit) ended(inTime bool) {
	if !g.waits {
		return
	}
	g.timer.Stop()
	g.waits, g.together = false, inTime
	if !inTime {
		g.vain()
	}
}

// flushed notes that a flush answers so many senders, while others came, and returns how many the next one waits for:
// all of them, or 0.
func (g *groupCommit) flushed(answered, others int) (want int) {
	switch {
	case g.together && others*strangerShare > answered:
		if g.strangers++; g.strangers == strangerRuns {
			g.vain()
		}
	case g.together:
		g.strangers, g.next = 0, pauseFirstVain
	}
	g.together = false
	if g.pause > 0 {
		g.pause--
		return 0
	}
	if answered+others < commitLeast {
		return 0
	}
	return answered + others
}

func (g *groupCommit) vain() {
	g.strangers, g.pause, g.next = 0, g.next, min(2*g.next, pauseMax)
}
