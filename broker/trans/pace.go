package trans

import "time"

const (
	// maxQuestions is how many questions may be without an answer before a round waits.
	maxQuestions = 10_000
	// answerPatience is how long it waits for the next answer; then it counts those questions as lost.
	answerPatience = 5 * time.Second
)

// questionPace keeps a round from asking faster than producers answer. An answer that comes after several more
// questions about the same half message names a place that nobody follows any more: the message would be delivered,
// and asked about again. Java has no such limit. Owned by the goroutine of the checks.
type questionPace struct {
	most     int64
	patience time.Duration
	sent     int64     // questions, without those that count as lost
	seen     int64     // answers, when last looked
	since    time.Time // when seen changed last, or when waiting began; zero when not waiting
}

// mayAsk tells whether another question may be sent; answered is the number of answers so far.
func (p *questionPace) mayAsk(answered int64, now time.Time) bool {
	p.sent = max(p.sent, answered) // answers to those that counted as lost
	if p.sent-answered < p.most {
		p.since = time.Time{}
		return true
	}
	if p.since.IsZero() || answered != p.seen {
		p.seen, p.since = answered, now
	}
	if now.Sub(p.since) < p.patience {
		return false
	}
	p.sent, p.since = answered, time.Time{}
	return true
}
