package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// JavaTests runs the tests TestJava... of a package of the main module beside Apache's jars, whose class path is in
// variable for them. Those named have to pass.
func JavaTests(t *testing.T, pkg, variable string, names ...string) {
	t.Helper()
	lib, err := JavaLib()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-tags", "java", "-count=1", "-v", "-run", "^TestJava", pkg)
	cmd.Dir = filepath.Dir(Root())
	cmd.Env = append(os.Environ(), variable+"="+filepath.Join(lib, "*"))
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.Contains(string(out), "--- PASS: "+name+" ") {
			t.Errorf("%s did not run", name)
		}
	}
}
