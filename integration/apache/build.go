package main

import (
	"archive/zip"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gorocket/integration/harness"
)

// fetch brings Apache's tests and all their jars into lib, once.
func fetch(source, lib string) (testsJar string, err error) {
	testsJar = filepath.Join(lib, "rocketmq-test-"+harness.JavaVersion+"-tests.jar")
	if _, err := os.Stat(testsJar); err == nil {
		return testsJar, nil
	}
	fmt.Println("fetching Apache's tests and their dependencies ...")
	return testsJar, harness.Maven(source, "dependency:copy-dependencies", "-Drmq.version="+harness.JavaVersion,
		"-DincludeScope=runtime", "-DoutputDirectory="+lib)
}

// compile builds java/src into classes; a few seconds, so it is done each time.
func compile(source, lib, classes string) error {
	var files []string
	err := filepath.WalkDir(filepath.Join(source, "src"), func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".java") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	args := []string{"-nowarn", "-proc:none", "-encoding", "UTF-8", "-d", classes, "-cp", lib + "/*"}
	if out, err := exec.Command("javac", append(args, files...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("javac: %w\n%s", err, out)
	}
	return nil
}

// classIndex maps the simple names in Apache's jar to full names.
func classIndex(jar string) (map[string]string, error) {
	z, err := zip.OpenReader(jar)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	index := map[string]string{}
	for _, f := range z.File {
		if name, ok := strings.CutSuffix(f.Name, ".class"); ok && !strings.Contains(name, "$") {
			index[name[strings.LastIndexByte(name, '/')+1:]] = strings.ReplaceAll(name, "/", ".")
		}
	}
	return index, nil
}

// commands are the command lines of the servers, words separated by tabs; the Java side fills in {config}, {namesrv}
// and {dir}.
func commands(kind harness.Kind, conf, lib string) (namesrv, broker string, err error) {
	if why := kind.Missing(); why != "" {
		return "", "", fmt.Errorf("%s", why)
	}
	if kind == harness.Go {
		return words(harness.Binary("mqnamesrv"), "-c", "{config}"), words(harness.Binary("mqbroker"), "-c", "{config}", "-n",
			"{namesrv}"), nil
	}
	java := func(heap, class string, more ...string) string {
		argv := append([]string{"java", "-Xmx" + heap, "-Duser.home={dir}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
			"-XX:MaxDirectMemorySize=1g"}, opens...)
		return words(append(append(argv, "-cp", conf+":"+lib+"/*", class, "-c", "{config}"), more...)...)
	}
	return java("256m", "org.apache.rocketmq.namesrv.NamesrvStartup"),
		java("512m", "org.apache.rocketmq.broker.BrokerStartup", "-n", "{namesrv}"), nil
}

func words(w ...string) string { return strings.Join(w, "\t") }

// opens is what RocketMQ, its tests and Mockito look into on JDK 17.
var opens = []string{
	"--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED",
	"--add-opens=java.base/java.util.concurrent=ALL-UNNAMED", "--add-opens=java.base/java.nio=ALL-UNNAMED",
	"--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED",
	"--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
	"--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED", "--add-exports=java.base/sun.security.x509=ALL-UNNAMED",
}
