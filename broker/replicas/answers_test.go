package replicas

import (
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/remoting/throttle"
	"gorocket/store/vfs"
)

// FuzzAgreed: a set that a controller answers with is taken over only when this broker is in it, and it is newer.
func FuzzAgreed(f *testing.F) {
	f.Add([]byte(setOf(3, 1, 2)), int64(1), int32(2))
	f.Add([]byte(`{"syncStateSet":[1],"syncStateSetEpoch":"4"}`), int64(1), int32(3))
	f.Add([]byte(`{}`), int64(0), int32(-1))
	f.Add([]byte(`{"syncStateSet":null,"syncStateSetEpoch":9e9}`), int64(1), int32(0))
	f.Fuzz(func(t *testing.T, body []byte, self int64, before int32) {
		set, err := agreedTo(body, self, before)
		if err == nil && (set.SyncStateSetEpoch <= before || !slices.Contains(set.SyncStateSet, self)) {
			t.Fatalf("%q is taken: %+v", body, set)
		}
	})
}

// FuzzWanted: whatever a controller answers about the master, epochs do not go back, and nobody leads a set that he is
// not in.
func FuzzWanted(f *testing.F) {
	f.Add([]byte(setOf(3, 1, 2)), int64(1), int32(5))
	f.Add([]byte(""), int64(1), int32(5))
	f.Add([]byte(""), int64(2), int32(5))
	f.Add([]byte("\x00"), int64(-3), int32(-5))
	f.Fuzz(func(t *testing.T, body []byte, id int64, epoch int32) {
		act := &actor{state: State{Epoch: -1}}
		s := New(Deps{Settings: func() Settings { return Settings{Addr: "h:1", Timeout: time.Hour} }, FS: vfs.NewMem(),
			File: file, Role: act, Log: zerolog.Nop(), Throttled: throttle.New(zerolog.Nop(), 1, time.Second)})
		s.id = 1
		if err := s.wantFrom(Master{2, "m:1", 4}, nil, time.Now()); err != nil {
			t.Fatal(err)
		}
		_ = s.wantFrom(Master{id, "h:1", epoch}, body, time.Now())
		_ = s.apply()
		if m := s.Master(); m.Epoch < 4 || m.ID == 1 && !s.set.Has(1) {
			t.Fatalf("broker %d in epoch %d, %q: master is %+v", id, epoch, body, m)
		}
	})
}
