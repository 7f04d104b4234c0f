package pop

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is read from consumerOrderInfo.json is written as what it was read as.
func FuzzOrderFile(f *testing.F) {
	f.Add([]byte(`{"table":{"t@g":{0:{"popTime":1,"i":60000,"o":[5,1,2],"ot":{5:77},"oc":{6:1},"l":1,"cm":2,"a":"x"}}}}`))
	f.Add([]byte(`{"table":{"t@g":{-1:{"o":[5]}},"t":{0:{"o":[]}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, second := newOrders(), newOrders()
		if first.load(data) != nil {
			return
		}
		for key, o := range first.table {
			if o.index(o.offset(0)) != 0 || o.next() < 0 && o.Offsets[0] >= 0 && o.Offsets[len(o.Offsets)-1] >= 0 {
				t.Errorf("%v: %+v", key, o)
			}
			_ = o.visibleAt()
		}
		text, err := first.encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := second.load(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(first.table, second.table, cmp.AllowUnexported(laneKey{})); diff != "" {
			t.Errorf("%s became %s: %s", data, text, diff)
		}
	})
}
