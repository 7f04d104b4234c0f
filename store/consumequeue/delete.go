package consumequeue

// DeleteTopic removes the queues of a topic and their files. No error for an unknown topic.
func (t *Table) DeleteTopic(topic string) (first error) {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	var gone []*Queue
	if err := t.log.Barrier(func() { gone = t.remove(topic) }); err != nil {
		return err
	}
	t.renote.Store(len(gone) > 0)
	for _, q := range gone {
		t.disown(q)
		if err := t.Clear(q); err != nil && first == nil {
			first = err
		}
		_ = t.opt.FS.Remove(q.files.dir(q)) // fails harmlessly when a new queue is there already
	}
	for _, c := range []*Files{t.simple, t.batches, t.exts} {
		_ = t.opt.FS.Remove(c.Root + "/" + topic)
	}
	return first
}
