package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// JavaVersion is the reference release whose servers the tests start.
const JavaVersion = "5.5.0"

// quickFlags keep a JVM small and quick to start: serial collector, C1 only. GOROCKET_JVM_FLAGS replaces them:
// measurements want the flags of Apache's start scripts.
var quickFlags = []string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxDirectMemorySize=512m", "-Xms64m"}

// jvmFlags are what RocketMQ needs on JDK 17.
var jvmFlags = []string{
	"--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
	"--add-exports=java.base/sun.nio.ch=ALL-UNNAMED", "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
	"--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED",
	"--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED", "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
	"--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
}

// quietLog replaces Apache's logback files, which print hundreds of lines and write to user.home.
const quietLog = `<configuration>
  <appender name="OUT" class="%[1]sch.qos.logback.core.ConsoleAppender"><encoder>
    <pattern>%%d{HH:mm:ss.SSS} %%p %%logger{0} %%m%%n</pattern></encoder></appender>
  <logger name="RocketmqPop" level="ERROR"/>
  <root level="WARN"><appender-ref ref="OUT"/></root>
</configuration>
`

var javaLib = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv("GOROCKET_JAVA_LIB"); dir != "" {
		return dir, nil
	}
	return fetchJavaServers(JavaVersion)
})

// fetchJavaServers returns the folder with the jars of the Java servers, downloading them on the first use.
func fetchJavaServers(version string) (string, error) {
	dir := filepath.Join(Work(), "servers-"+version)
	if hits, _ := filepath.Glob(dir + "/rocketmq-broker-*.jar"); len(hits) > 0 {
		return dir, nil
	}
	return dir, Maven(filepath.Join(Root(), "javaservers"), "dependency:copy-dependencies", "-Drmq.version="+version,
		"-DincludeScope=runtime", "-DoutputDirectory="+dir)
}

// JavaLib is the folder with the jars of the Java servers, which are fetched on the first use.
func JavaLib() (string, error) { return javaLib() }

// Maven runs a goal in the folder of a pom, without the network first.
func Maven(dir string, args ...string) error {
	args = append([]string{"-q", "-B"}, args...)
	offline := exec.Command("mvn", append([]string{"-o"}, args...)...)
	offline.Dir = dir
	if offline.Run() == nil {
		return nil
	}
	online := exec.Command("mvn", args...)
	online.Dir = dir
	if out, err := online.CombinedOutput(); err != nil {
		return fmt.Errorf("harness: mvn in %s: %w\n%s", dir, err, out)
	}
	return nil
}

// QuietConf writes log settings for Apache's programs into dir and returns it; put it first in the class path.
func QuietConf(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	shaded := fmt.Sprintf(quietLog, "org.apache.rocketmq.logging.")
	if err := os.WriteFile(dir+"/rmq.logback.xml", []byte(shaded), 0o644); err != nil {
		return "", err
	}
	// 4.9 looks for its own names and does not start without
	for _, name := range []string{"logback", "logback_broker", "logback_namesrv", "logback_tools"} {
		if err := os.WriteFile(dir+"/"+name+".xml", fmt.Appendf(nil, quietLog, ""), 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// javaCommand is the command line of one of Apache's start classes; dir becomes its user.home and ROCKETMQ_HOME.
func javaCommand(dir, heap, class string, args ...string) (argv, env []string, err error) {
	lib, err := javaLib()
	if err != nil {
		return nil, nil, err
	}
	return javaCommandOf(lib, dir, heap, class, args...)
}

// javaCommandOf is javaCommand of the jars of a folder.
func javaCommandOf(lib, dir, heap, class string, args ...string) (argv, env []string, err error) {
	conf, err := QuietConf(dir + "/conf")
	if err != nil {
		return nil, nil, err
	}
	argv = append([]string{"java", "-Xmx" + heap, "-Duser.home=" + dir}, jvmFlags...)
	if flags := os.Getenv("GOROCKET_JVM_FLAGS"); flags != "" {
		argv = append(argv, strings.Fields(flags)...)
	} else {
		argv = append(argv, quickFlags...)
	}
	argv = append(argv, "-cp", conf+":"+lib+"/*", class)
	return append(argv, args...), []string{"ROCKETMQ_HOME=" + dir}, nil
}

// StartJava runs another of Apache's start classes (kind Java: fetch them first, see Kind.Missing) in dir, like
// StartProcess, with prefix in front of its command line.
func StartJava(name, dir, heap, class string, prefix []string, args ...string) (*Process, error) {
	argv, env, err := javaCommand(dir, heap, class, args...)
	if err != nil {
		return nil, err
	}
	return StartProcess(name, dir, env, append(slices.Clone(prefix), argv...)...)
}
