package remoting

import "testing"

// TestAppendRequest: what is appended decodes to what was given, in both forms, and leaves what was there alone.
func TestAppendRequest(t *testing.T) {
	for _, form := range []SerializeType{SerializeJSON, SerializeBinary} {
		in := TopicHeader{Topic: "a \"topic\"", Lo: "false"}
		b := AppendRequest([]byte("before"), form, ReqGetTopicStatsInfo, 1000000007, TopicRequest, &in, []byte("body"))
		if string(b[:6]) != "before" {
			t.Fatalf("form %d: %q", form, b[:6])
		}
		var c Command
		if err := Decode(b[6:], &c); err != nil {
			t.Fatalf("form %d: %v", form, err)
		}
		var out TopicHeader
		if err := TopicRequest.Decode(&c, nil, &out); err != nil || out != in {
			t.Errorf("form %d: %+v, %v", form, out, err)
		}
		if c.Code != ReqGetTopicStatsInfo || c.Opaque != 1000000007 || c.Serialize != form || c.IsResponse() || c.IsOneway() || c.Language != LanguageGo || string(c.Body) != "body" {
			t.Errorf("form %d: %+v", form, c)
		}
	}
}
