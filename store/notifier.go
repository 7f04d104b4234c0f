package store

// notifier wakes a goroutine: notify never blocks.
type notifier chan struct{}

func newNotifier() notifier { return make(notifier, 1) }

func (p notifier) notify() {
	select {
	case p <- struct{}{}:
	default:
	}
}
