package broker

import (
	"testing"
)

// TestACLRequests: 3006 to 3010 in Java's words.
func TestACLRequests(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.ask(3001, "username=u", `{"password":"p"}`).is(t, 0, "")
	entry := func(text string) string { return `{"policies":[{"entries":[` + text + `]}]}` }
	good := `{"resource":"Topic:a*","actions":["pub","Sub","Nonsense"],"sourceIps":["10.0.0.0/8"],"decision":"allow"}`
	for body, want := range map[string]string{
		"": "1 org.apache.rocketmq.auth.authorization.exception.AuthorizationException: The body of acl is null", "{": "1 ",
		`{"policies":[]}`:               "1 org.apache.rocketmq.auth.authorization.exception.AuthorizationException: The body",
		`{"policies":[{"entries":[]}]}`: "16 The policies is empty.",
		entry(`{"resource":"T:a","actions":["Pub"],"decision":"Allow"}`):                       "16 The resource is null.",
		entry(`{"resource":"Topic:a","actions":["Nonsense"],"decision":"Allow"}`):              "16 The actions is empty.",
		entry(`{"resource":"Topic:a","actions":["Any"],"decision":"Allow"}`):                   "16 The actions can not be Any.",
		entry(`{"resource":"Topic:a","actions":["Pub"],"decision":"Perhaps"}`):                 "16 The decision is null or illegal.",
		entry(`{"resource":"Topic:a","actions":["Pub"],"sourceIps":["x"],"decision":"Allow"}`): "16 The source ip is invalid.",
		`{"subject":"User:v","policies":[{"entries":[` + good + `]}]}`:                         "16 The subject of User:v is not exist.",
		entry(good): "0 ",
		`{"subject":"user:u","policies":[{"policyType":"default","entries":[` + good + `]}]}`: "0 ",
	} {
		for code := int32(3006); code <= 3007; code++ {
			a := r.ask(code, "subject=User:u", body)
			if got := itoa(int64(a.code)) + " " + a.remark; len(got) < len(want) || got[:len(want)] != want {
				t.Errorf("%d %s: %s, want %s", code, body, got, want)
			}
		}
	}
	r.ask(3006, "subject=Group:u", entry(good)).is(t, 1, "An system error occurred, please try again later.")
	one := `{"entries":[{"actions":["Pub","Sub"],"decision":"Allow","resource":"Topic:a*","sourceIps":["10.0.0.0/8"]}],` +
		`"policyType":"Custom"}`
	r.ask(3008, "subject=User:u&policyType=default&resource=Topic:a*", "").is(t, 0, "")
	r.ask(3009, "subject=User:u", "").is(t, 0, "").same(t, `{"policies":[`+one+`],"subject":"User:u"}`)
	r.ask(3010, "", "").is(t, 0, "").same(t, `[{"policies":[`+one+`],"subject":"User:u"}]`)
	r.ask(3010, "subjectFilter=User:u&resourceFilter=a*", "").is(t, 0, "").same(t, `[{"policies":[`+one+`],"subject":"User:u"}]`)
	r.ask(3010, "resourceFilter=zzz", "").is(t, 0, "").same(t, "")
	r.ask(3009, "subject=User:v", "").is(t, 16, "The subject is not exist.")
	r.ask(3009, "subject=x", "").is(t, 16, "The subject is null.")
	r.ask(3008, "subject=x", "").is(t, 16, "The subject is null.")
	r.ask(3008, "subject=User:v", "").is(t, 16, "The subject is not exist.")
	r.ask(3008, "subject=User:u&resource=nonsense", "").is(t, 16, "The resource is null.")
	r.ask(3009, "subject=User:u", "").is(t, 0, "").has(t, "Topic:a*")
	r.ask(3008, "subject=User:u", "").is(t, 0, "")
	r.ask(3009, "subject=User:u", "").is(t, 0, "").same(t, "")
	r.ask(3008, "subject=User:u", "").is(t, 16, "The acl is not exist.")
}
