package console

import (
	"strconv"

	"gorocket/remoting/admin"
)

// Pictures are SVG that templates write: only numbers and texts are worked out here, so that everything is escaped.

// Measures of the trace picture.
const (
	traceLeft  = 220 // of the bars
	traceWide  = 560
	traceRow   = 30
	traceLeast = 3 // of a bar
)

// tracePicture is the way of a message as bars over time.
type tracePicture struct {
	Wide, High int
	Bars       []traceBar
	Stored     int // where the line of the store time is
	StoredText int // beside it
	Foot       int
	Begin, End int64
}

// traceBar is a step.
type traceBar struct {
	Y, TextY   int
	X, W       int
	Name, Text string
	Good       bool
}

// drawTrace draws the steps of a message, nil when there is none.
func drawTrace(steps []admin.TraceStep, stored int64) *tracePicture {
	if len(steps) == 0 {
		return nil
	}
	p := &tracePicture{Wide: traceLeft + traceWide + 140, High: traceRow*(len(steps)+1) + 10, Begin: stored, End: stored}
	begin := func(s admin.TraceStep) int64 {
		if s.Type == "Pub" {
			return s.Time
		}
		return s.Time - int64(s.Cost) // a consumer tells when it has ended
	}
	for _, s := range steps {
		p.Begin, p.End = min(p.Begin, begin(s)), max(p.End, begin(s)+int64(s.Cost))
	}
	span := max(1, p.End-p.Begin)
	place := func(at int64) int { return traceLeft + int(float64(at-p.Begin)/float64(span)*traceWide) }
	for i, s := range steps {
		y := 10 + traceRow*i
		x := place(begin(s))
		b := traceBar{Y: y, TextY: y + 15, X: x, W: max(traceLeast, place(begin(s)+int64(s.Cost))-x),
			Good: s.Status == "success", Name: cut(s.Group, 28), Text: strconv.Itoa(s.Cost) + " ms"}
		p.Bars = append(p.Bars, b)
	}
	p.Stored, p.Foot = place(stored), p.High-8
	p.StoredText = min(p.Stored+6, traceLeft+traceWide)
	return p
}

// Measures of the pictures of replication.
const (
	boxWide = 230
	boxHigh = 52
	boxGap  = 24
	boxFar  = 190 // between a master and its slaves
)

// box is a server in a picture.
type box struct {
	X, Y          int
	Title, Detail string
	Strong, Bad   bool
}

// TextX, TitleY and DetailY are where the texts of a box stand.
func (b box) TextX() int { return b.X + 12 }

// TitleY is the line of the title.
func (b box) TitleY() int { return b.Y + 21 }

// DetailY is the line of the detail.
func (b box) DetailY() int { return b.Y + 40 }

// edge is a line from a master to a slave.
type edge struct {
	X1, Y1, X2, Y2 int
	TextX, TextY   int
	Text           string
	Bad            bool
}

// setPicture is a broker set: the master on the left, slaves on the right.
type setPicture struct {
	Wide, High int
	Boxes      []box
	Edges      []edge
}

// drawSet draws a broker set.
func drawSet(s *brokerSet) setPicture {
	p := setPicture{Wide: 2*boxWide + boxFar + 4, High: max(1, len(s.Replicas)-1)*(boxHigh+boxGap) - boxGap + 4}
	masterY := (p.High - boxHigh) / 2
	hasMaster := len(s.Replicas) > 0 && s.Replicas[0].Master()
	slave := 0
	for _, x := range s.Replicas {
		b := box{Title: s.Name + ":" + strconv.FormatInt(x.ID, 10), Detail: x.Addr, Bad: x.Problem != ""}
		if x.Master() {
			b.X, b.Y, b.Strong = 2, masterY, true
			p.Boxes = append(p.Boxes, b)
			continue
		}
		b.X, b.Y = 2+boxWide+boxFar, 2+slave*(boxHigh+boxGap)
		slave++
		p.Boxes = append(p.Boxes, b)
		if !hasMaster {
			continue
		}
		e := edge{X1: 2 + boxWide, Y1: masterY + boxHigh/2, X2: b.X, Y2: b.Y + boxHigh/2, Text: "?", Bad: x.Behind < 0}
		e.TextX, e.TextY = (e.X1+e.X2)/2, (e.Y1+e.Y2)/2-6
		switch {
		case x.Behind == 0:
			e.Text = "="
		case x.Behind > 0:
			e.Text = "−" + bytesText(x.Behind)
		}
		p.Edges = append(p.Edges, e)
	}
	return p
}

// groupPicture is the group of controllers in a row.
type groupPicture struct {
	Wide, High int
	Boxes      []box
}

func drawControllers(all []controllerRow) groupPicture {
	p := groupPicture{Wide: len(all)*(boxWide+boxGap) + 4, High: boxHigh + 4}
	for i, c := range all {
		p.Boxes = append(p.Boxes, box{X: 2 + i*(boxWide+boxGap), Y: 2, Title: c.Addr, Detail: c.Group, Strong: c.Leader,
			Bad: c.Problem != ""})
	}
	return p
}
