package consumequeue

// DeleteTopic removes the queues of a topic and their files. No error for an unknown topic.
func (t *Table) DeleteTopic(topic string) (first error) {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	var gone []*Queue
	if err := t.log.Barrier(func() { gone = t.remove(topic) }); err != nil {
		return err
	}
	if len(gone) > 0 {
		t.renote.Store(true)
	}
	for _, q := range gone {
		t.disown(q)
		if err := t.Clear(q); err != nil && first == nil {
			first = err
		}
		_ = t.opt.FS.Remove(q.files.dir(q)) // fails harmlessly when a new queue is there already
		_ = t.opt.FS.Remove(t.exts.dir(q))
	}
	for _, c := range []*Files{t.simple, t.batches, t.exts} {
		_ = t.opt.FS.Remove(c.Root + "/" + topic)
	}
	return first
}

// Replace puts a new queue in the place of one whose topic was deleted and made again: it begins at 0. Not under a
// lock.
func (t *Table) Replace(q *Queue) error {
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	t.log.Exclusive(func() {
		t.swap(q, &Queue{Topic: q.Topic, ID: q.ID, first: -1, files: q.files, deleted: !HasFolder(q.Topic, q.ID)})
	})
	t.renote.Store(true)
	t.disown(q)
	return t.Clear(q)
}

// swap takes a queue out of the table and puts another in, if it is still there. Under the append lock.
func (t *Table) swap(old, q *Queue) {
	sh := t.shard(old.Topic)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if tq := sh.m[old.Topic]; tq != nil && tq.find(old.ID) == old {
		tq.add(q)
	}
}
