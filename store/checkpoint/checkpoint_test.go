package checkpoint

import "testing"

func FuzzCheckpoint(f *testing.F) {
	f.Add(Values{1, 2, 3, 4, 5}.Encode())
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, ok := Decode(b)
		if !ok {
			return
		}
		if d, _ := Decode(c.Encode()); d != c {
			t.Fatalf("%+v %+v", c, d)
		}
		if c.RecoverBefore(true) < 0 {
			t.Fatal("negative time")
		}
	})
}
