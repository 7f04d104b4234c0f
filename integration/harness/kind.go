// Package harness starts name servers and brokers, ours or Apache's, as child processes on free ports in temporary
// folders, waits until they serve, and shows the end of their output when a test fails.
//
// Environment:
//
//	GOROCKET_BIN       folder with gorocket, mqnamesrv and mqbroker (default: bin beside the integration folder)
//	GOROCKET_JAVA_LIB  folder with the jars of rocketmq-broker and rocketmq-namesrv (default: fetched by Maven into .work)
//	GOROCKET_WORK      folder for downloads and builds (default: integration/.work)
//	GOROCKET_KIND      "java" runs the client tests against Java servers, to check the tests themselves
//	GOROCKET_PIN       cores of the servers, as taskset takes them; measurements set it
//	GOROCKET_KEEP      keep the temporary folders
//	CI                 what would be skipped fails
package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Kind says whose server it is.
type Kind string

// The two makers of servers.
const (
	Go   Kind = "gorocket"
	Java Kind = "java"
)

// DefaultKind is Go unless GOROCKET_KIND says otherwise.
func DefaultKind() Kind {
	if os.Getenv("GOROCKET_KIND") == string(Java) {
		return Java
	}
	return Go
}

// Root is the integration folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(file))
}

// Work is the folder for downloads and builds; it is created.
func Work() string {
	dir := env("GOROCKET_WORK", filepath.Join(Root(), ".work"))
	_ = os.MkdirAll(dir, 0o755)
	return dir
}

// Binary is the path of one of our programs.
func Binary(name string) string {
	dir, err := filepath.Abs(env("GOROCKET_BIN", filepath.Join(Root(), "..", "bin")))
	if err != nil {
		dir = "."
	}
	return filepath.Join(dir, name)
}

// Missing returns why servers of this kind cannot be started here, or "".
func (k Kind) Missing() string {
	if k == Go {
		if _, err := os.Stat(Binary("mqbroker")); err != nil {
			return "no gorocket binary: " + err.Error()
		}
		return ""
	}
	return MissingJava()
}

// MissingJava returns why Java programs cannot be built and run here, or "".
func MissingJava() string {
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Sprintf("%s not found", tool)
		}
	}
	return ""
}

func env(key, def string) string {
	if v := os.Getenv(key); v != "" {
		return v
	}
	return def
}
